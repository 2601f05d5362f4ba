// SPDX-License-Identifier: MIT
//
// Bounds are shown as a C programmer thinks of them: unsigned, unless the
// number can be negative.
#include "core/verifier/describe.h"

namespace ebpf::verifier {
namespace {

void PutNumber(TextWriter& writer, const ScalarValue& value) {
  const int64_t smin = static_cast<int64_t>(value.wide.smin);
  const int64_t smax = static_cast<int64_t>(value.wide.smax);
  if (value.IsConstant()) {
    writer.Put("the number ").PutSigned(smin);
    return;
  }
  const bool any = smin == INT64_MIN && smax == INT64_MAX;
  if (any && value.wide.umin == 0 && value.wide.umax == UINT64_MAX) {
    writer.Put("a number that can have any value");
    return;
  }
  if (smin < 0 && !any) {
    writer.Put("a number from ").PutSigned(smin).Put(" to ").PutSigned(smax);
    return;
  }
  writer.Put("a number from ").PutUnsigned(value.wide.umin).Put(" to ");
  writer.PutUnsigned(value.wide.umax);
}

void PutOffset(TextWriter& writer, const RegState& reg) {
  const ScalarValue& moved = reg.value;
  const int64_t smin = static_cast<int64_t>(moved.wide.smin) + reg.offset;
  const int64_t smax = static_cast<int64_t>(moved.wide.smax) + reg.offset;
  if (moved.IsConstant() && smin == 0) {
    return;
  }
  writer.Put(", moved by ").PutSigned(smin);
  if (smin != smax) {
    writer.Put(" to ").PutSigned(smax);
  }
  writer.Put(" bytes");
}

void PutBytes(TextWriter& writer, uint32_t size) {
  writer.Put(" (").PutUnsigned(size).Put(size == 1 ? " byte)" : " bytes)");
}

void PutMap(TextWriter& writer, const Map* map) {
  if (map == nullptr || map->spec().name_view().empty()) {
    writer.Put("a map");
    return;
  }
  writer.Put("map \"").Put(map->spec().name_view()).Put("\"");
}

void PutTyped(TextWriter& writer, const RegState& reg) {
  const Result<btf::Type> type =
      reg.btf != nullptr ? reg.btf->TypeAt(reg.memory_size) : Status::kNotFound;
  const Result<StringView> name =
      type.ok() ? reg.btf->Name(type->name) : type.status();
  writer.Put("a pointer to the kernel's ");
  writer.Put(name.ok() ? *name : StringView("object"));
}

/// What a pointer of this type points to, after "a pointer to".
const char* TargetOf(RegType type) {
  switch (type) {
    case RegType::kContext:
      return "the program's context";
    case RegType::kStack:
      return "the stack";
    case RegType::kFunction:
      return "a function of the program";
    case RegType::kPacket:
      return "the packet";
    case RegType::kPacketMeta:
      return "the packet's metadata";
    case RegType::kPacketEnd:
      return "the packet's end";
    case RegType::kFlowKeys:
      return "flow keys";
    case RegType::kSocket:
    case RegType::kSockCommon:
    case RegType::kTcpSock:
    case RegType::kXdpSock:
      return "a socket";
    case RegType::kDynptr:
      return "a dynptr";
    case RegType::kArena:
      return "an arena";
    case RegType::kIterator:
      return "an iterator";
    default:
      return "memory";
  }
}

void PutPointer(TextWriter& writer, const RegState& reg) {
  switch (reg.type) {
    case RegType::kMapPointer:
      PutMap(writer, reg.map);
      return;
    case RegType::kMapValue:
      writer.Put("a pointer to a value of ");
      PutMap(writer, reg.map);
      if (reg.map != nullptr) {
        PutBytes(writer, reg.map->spec().value_size);
      }
      return;
    case RegType::kMapKey:
      writer.Put("a pointer to a key of ");
      PutMap(writer, reg.map);
      return;
    case RegType::kRingRecord:
      writer.Put("a pointer to a ring buffer's record");
      PutBytes(writer, reg.memory_size);
      return;
    case RegType::kMemory:
    case RegType::kBuffer:
      writer.Put("a pointer to memory");
      PutBytes(writer, reg.memory_size);
      return;
    case RegType::kTyped:
      PutTyped(writer, reg);
      return;
    default:
      writer.Put("a pointer to ").Put(TargetOf(reg.type));
  }
}

}  // namespace

void Describe(TextWriter& writer, const RegState& reg) {
  if (reg.type == RegType::kUninitialized) {
    writer.Put("not set");
    return;
  }
  if (reg.IsScalar()) {
    PutNumber(writer, reg.value);
    return;
  }
  if (reg.maybe_null) {
    writer.Put("either null or ");
  }
  PutPointer(writer, reg);
  PutOffset(writer, reg);
}

}  // namespace ebpf::verifier
