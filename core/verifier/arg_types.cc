// SPDX-License-Identifier: MIT
//
// Lists of types, in the order in which Linux names them when it refuses
// another one.
#include "core/verifier/arg_types.h"

#include "core/base/text_writer.h"
#include "core/verifier/memory_access.h"

namespace ebpf::verifier {
namespace {

struct Shape {
  RegType type;
  uint16_t flags;
};

constexpr uint16_t kPerCpuRcu = kRegPerCpu | kRegRcu;
constexpr uint16_t kPerCpuTrusted = kRegPerCpu | kRegTrusted;

constexpr Shape kMemory[] = {
    {RegType::kStack, 0},           {RegType::kPacket, 0},
    {RegType::kPacketMeta, 0},      {RegType::kMapKey, 0},
    {RegType::kMapValue, 0},        {RegType::kMemory, 0},
    {RegType::kRingRecord, 0},      {RegType::kBuffer, 0},
    {RegType::kTyped, kRegTrusted},
};
constexpr Shape kContexts[] = {{RegType::kContext, 0}};
constexpr Shape kMaps[] = {{RegType::kMapPointer, 0}};
constexpr Shape kScalars[] = {{RegType::kScalar, 0}};
constexpr Shape kFunctions[] = {{RegType::kFunction, 0}};
constexpr Shape kStacks[] = {{RegType::kStack, 0}};
constexpr Shape kRecords[] = {{RegType::kRingRecord, 0}};
constexpr Shape kMapValues[] = {{RegType::kMapValue, 0}};
/// Of map values and of the program's own objects.
constexpr Shape kFieldHolders[] = {{RegType::kMapValue, 0},
                                   {RegType::kTyped, kRegAllocated}};
constexpr Shape kFullSockets[] = {{RegType::kSocket, 0}};
constexpr Shape kSockets[] = {
    {RegType::kSockCommon, 0},
    {RegType::kSocket, 0},
    {RegType::kTcpSock, 0},
    {RegType::kXdpSock, 0},
};
constexpr Shape kTypedSockets[] = {
    {RegType::kSockCommon, 0}, {RegType::kSocket, 0},
    {RegType::kTcpSock, 0},    {RegType::kXdpSock, 0},
    {RegType::kTyped, 0},      {RegType::kTyped, kRegTrusted},
};
constexpr Shape kTypedPointers[] = {
    {RegType::kTyped, 0},
    {RegType::kTyped, kRegTrusted},
    {RegType::kTyped, kRegRcu},
};
constexpr Shape kPerCpuPointers[] = {
    {RegType::kTyped, kRegPerCpu},
    {RegType::kTyped, kPerCpuRcu},
    {RegType::kTyped, kPerCpuTrusted},
};
constexpr Shape kDynptrs[] = {{RegType::kStack, 0}, {RegType::kDynptr, 0}};

template <size_t kSize>
constexpr Span<const Shape> All(const Shape (&shapes)[kSize]) {
  return Span<const Shape>(shapes, kSize);
}

Span<const Shape> ShapesOf(ArgKind kind) {
  switch (kind) {
    case ArgKind::kContext:
    case ArgKind::kContextOrNull:
      return All(kContexts);
    case ArgKind::kMap:
      return All(kMaps);
    case ArgKind::kSize:
    case ArgKind::kSizeOrZero:
    case ArgKind::kAllocSize:
      return All(kScalars);
    case ArgKind::kCallback:
      return All(kFunctions);
    case ArgKind::kStackOrNull:
      return All(kStacks);
    case ArgKind::kRingRecord:
      return All(kRecords);
    case ArgKind::kConstString:
    case ArgKind::kTimer:
      return All(kMapValues);
    case ArgKind::kKptrSlot:
    case ArgKind::kSpinLock:
      return All(kFieldHolders);
    case ArgKind::kSocket:
    case ArgKind::kSocketOrNull:
      return All(kFullSockets);
    case ArgKind::kSockCommon:
      return All(kSockets);
    case ArgKind::kTypedSockCommon:
    case ArgKind::kTypedSockCommonOrNull:
      return All(kTypedSockets);
    case ArgKind::kTyped:
    case ArgKind::kTypedOrNull:
      return All(kTypedPointers);
    case ArgKind::kPerCpuTyped:
      return All(kPerCpuPointers);
    case ArgKind::kDynptr:
    case ArgKind::kUninitDynptr:
    case ArgKind::kUninitRingDynptr:
    case ArgKind::kRingDynptr:
      return All(kDynptrs);
    default:
      return All(kMemory);
  }
}

/// Flags that tell what memory is a piece of.
constexpr uint16_t kPieceFlags = kRegDynptrLocal | kRegDynptrRing |
                                 kRegDynptrPacket | kRegDynptrXdp |
                                 kRegAtPacketEnd | kRegBeyondPacketEnd;

/// `reg` without what argument `index` does not look at.
RegState Folded(const HelperPrototype& helper, unsigned index,
                const RegState& reg) {
  const ArgKind kind = helper.args[index];
  RegState folded = reg;
  uint16_t dropped = IsMemory(kind) ? kPieceFlags : 0;
  if (IsDynptr(kind)) {
    dropped = kPieceFlags | kRegFirstSlot;  // judged by dynptr.h
  }
  if (IsMemory(kind) && !WritesInto(helper, index)) {
    dropped |= kRegReadOnly;
  }
  // An object of the program's own goes into a slot for such.
  if (helper.id == helper_id::kptr_xchg && index == 1) {
    dropped |= reg.Has(kRegAllocated) ? kRegAllocated | kRegPerCpu : 0;
  }
  folded.flags = static_cast<uint16_t>(folded.flags & ~dropped);
  folded.maybe_null = folded.maybe_null && !TakesNull(kind);
  return folded;
}

Status RefuseType(Verification& v, unsigned number, const RegState& reg,
                  Span<const Shape> shapes) {
  char text[160];
  TextWriter list(text, sizeof(text) - 1);
  for (const Shape& shape : shapes) {
    RegState expected = RegState::Pointer(shape.type);
    expected.flags = shape.flags;
    const TypeName name(expected);
    list.Put(list.wanted() == 0 ? "" : ", ").Put(StringView(name));
  }
  text[list.text().size()] = 0;
  return v.Reject(Message::kArgumentType, number, TypeName(reg), text);
}

bool MayMoveVariably(const RegState& reg) {
  switch (reg.type) {
    case RegType::kScalar:
    case RegType::kStack:
    case RegType::kPacket:
    case RegType::kPacketMeta:
    case RegType::kMapKey:
    case RegType::kMapValue:
    case RegType::kMemory:
    case RegType::kRingRecord:
    case RegType::kBuffer:
    case RegType::kArena:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool IsMemory(ArgKind kind) {
  switch (kind) {
    case ArgKind::kMem:
    case ArgKind::kMemOrNull:
    case ArgKind::kUninitMem:
    case ArgKind::kWriteMem:
    case ArgKind::kFixedMem:
    case ArgKind::kFixedWriteMem:
    case ArgKind::kFixedUninitMem:
      return true;
    default:
      return false;
  }
}

bool IsDynptr(ArgKind kind) {
  return kind == ArgKind::kDynptr || kind == ArgKind::kUninitDynptr ||
         kind == ArgKind::kUninitRingDynptr || kind == ArgKind::kRingDynptr;
}

unsigned ReleasedArgument(const HelperPrototype& helper) {
  return helper.releases ? helper.released_argument - 1u : kMaxArguments;
}

bool WritesInto(const HelperPrototype& helper, unsigned index) {
  return WritesArgument(helper, index);
}

Status CheckType(Verification& v, const HelperPrototype& helper,
                 unsigned index) {
  const unsigned number = 1 + index;
  const RegState& reg = v.state->reg(number);
  const RegState folded = Folded(helper, index, reg);
  const Span<const Shape> shapes = ShapesOf(helper.args[index]);
  for (const Shape& shape : shapes) {
    if (folded.type == shape.type && folded.flags == shape.flags &&
        !folded.maybe_null) {
      return Status::kOk;
    }
  }
  return RefuseType(v, number, reg, shapes);
}

Status CheckMoved(Verification& v, unsigned number, bool released) {
  const RegState& reg = v.state->reg(number);
  if (released) {
    return reg.offset != 0 ? v.Reject(Message::kReleaseOffset, number)
                           : CheckUnmodified(v, number);
  }
  if (MayMoveVariably(reg)) {
    return Status::kOk;
  }
  if (reg.type != RegType::kTyped) {
    return CheckUnmodified(v, number);
  }
  // Only as far as its type tells what is there.
  if (reg.offset < 0) {
    return v.Reject(Message::kNegativePointer, TypeName(reg), number,
                    int{reg.offset});
  }
  return reg.value.IsConstant() && reg.value.bits.value == 0
             ? Status::kOk
             : v.Reject(Message::kVariablePointer, TypeName(reg),
                        reg.value.bits);
}

}  // namespace ebpf::verifier
