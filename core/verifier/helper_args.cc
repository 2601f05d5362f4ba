// SPDX-License-Identifier: MIT
//
// One function for each kind of argument that needs more than its type.
#include "core/verifier/helper_args.h"

#include "core/verifier/memory_access.h"
#include "core/verifier/packet.h"
#include "core/verifier/stack_access.h"

namespace ebpf::verifier {
namespace {

/// BPF_MAX_VAR_SIZ: sizes stay below it.
constexpr uint64_t kMaxSize = 1u << 29;
constexpr unsigned kFirstArgument = 1;
constexpr unsigned kArguments = 5;

constexpr const char* kMemoryTypes =
    "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, "
    "trusted_ptr_";

/// The types that `kind` takes, as Linux lists them.
const char* Expected(ArgKind kind) {
  switch (kind) {
    case ArgKind::kContext:
      return "ctx";
    case ArgKind::kMap:
      return "map_ptr";
    case ArgKind::kSize:
    case ArgKind::kSizeOrZero:
    case ArgKind::kAllocSize:
      return "scalar";
    case ArgKind::kRingRecord:
      return "ringbuf_mem";
    case ArgKind::kCallback:
      return "func";
    case ArgKind::kStackOrNull:
      return "fp";
    default:
      return kMemoryTypes;
  }
}

bool HasType(ArgKind kind, const RegState& reg) {
  if (reg.maybe_null) {
    return false;
  }
  switch (kind) {
    case ArgKind::kContext:
      return reg.type == RegType::kContext;
    case ArgKind::kMap:
      return reg.type == RegType::kMapPointer;
    case ArgKind::kSize:
    case ArgKind::kSizeOrZero:
    case ArgKind::kAllocSize:
      return reg.type == RegType::kScalar;
    case ArgKind::kRingRecord:
      return reg.type == RegType::kRingRecord;
    case ArgKind::kCallback:
      return reg.type == RegType::kFunction;
    case ArgKind::kStackOrNull:
      return reg.type == RegType::kStack;
    default:
      return reg.type == RegType::kStack || reg.type == RegType::kMapValue ||
             reg.type == RegType::kRingRecord || reg.type == RegType::kMapKey ||
             reg.type == RegType::kMemory || PointsIntoPacket(reg);
  }
}

/// The memory in the argument before `number`, which is its size.
Status CheckSizedMemory(Verification& v, const HelperPrototype& helper,
                        unsigned number, HelperCall& call) {
  const RegState& reg = v.state->reg(number);
  const Range<uint64_t>& range = reg.value.wide;
  const unsigned index = number - kFirstArgument;
  const bool zero_ok = helper.args[index] == ArgKind::kSizeOrZero;
  call.max_size = range.umax;
  call.has_size = true;
  if (static_cast<int64_t>(range.smin) < 0) {
    return v.Reject(Message::kNegativeSize, number);
  }
  if (range.umin == 0 && !zero_ok) {
    return v.Reject(Message::kZeroSize, number, range.umin, range.umax);
  }
  if (range.umax >= kMaxSize) {
    return v.Reject(Message::kUnboundedSize, number);
  }
  if (index == 0) {
    return Status::kOk;  // no memory before it
  }
  HelperUse use = HelperUse::kReads;
  if (helper.args[index - 1] == ArgKind::kUninitMem) {
    // Of an unknown size, not all up to its maximum is written.
    use = reg.value.IsConstant() ? HelperUse::kFills : HelperUse::kWrites;
  }
  return CheckMemory(v, number - 1, static_cast<uint32_t>(range.umax), zero_ok,
                     use);
}

Status CheckRecord(Verification& v, const HelperPrototype& helper,
                   unsigned number, HelperCall& call) {
  const RegState& reg = v.state->reg(number);
  if (!helper.releases) {
    return CheckUnmodified(v, number);
  }
  if (reg.offset != 0) {
    return v.Reject(Message::kReleaseOffset, number);
  }
  EBPF_TRY(CheckUnmodified(v, number));
  if (reg.reference == 0) {
    return v.Reject(Message::kNotReferenced, number);
  }
  call.released = reg.reference;
  return Status::kOk;
}

Status CheckKeyOrValue(Verification& v, unsigned number, ArgKind kind,
                       const HelperCall& call) {
  const bool key = kind == ArgKind::kMapKey;
  if (call.map == nullptr) {
    return v.Reject(key ? Message::kNoMapForKey : Message::kNoMapForValue);
  }
  const MapSpec& spec = call.map->spec();
  return CheckMemory(v, number, key ? spec.key_size : spec.value_size, false,
                     HelperUse::kReads);
}

Status CheckArgument(Verification& v, const HelperPrototype& helper,
                     unsigned number, HelperCall& call) {
  const ArgKind kind = helper.args[number - kFirstArgument];
  EBPF_TRY(CheckReadable(v, number));
  const RegState& reg = v.state->reg(number);
  if (kind == ArgKind::kAnything ||
      ((kind == ArgKind::kMemOrNull || kind == ArgKind::kStackOrNull) &&
       reg.IsNull())) {
    return Status::kOk;
  }
  if (PointsIntoPacket(reg) &&
      !(helper.takes_packets && MayAccessPacket(v, false))) {
    return v.Reject(Message::kPacketNotForHelper);
  }
  if (!HasType(kind, reg)) {
    return v.Reject(Message::kArgumentType, number, TypeName(reg),
                    Expected(kind));
  }
  switch (kind) {
    case ArgKind::kContext:
      return CheckUnmodified(v, number);
    case ArgKind::kMap:
      call.map = reg.map;
      return Status::kOk;
    case ArgKind::kMapKey:
    case ArgKind::kMapValue:
      return CheckKeyOrValue(v, number, kind, call);
    case ArgKind::kSize:
    case ArgKind::kSizeOrZero:
      return CheckSizedMemory(v, helper, number, call);
    case ArgKind::kAllocSize:
      if (!reg.value.IsConstant()) {
        return v.Reject(Message::kNotConstant, number);
      }
      call.allocated_size = static_cast<uint32_t>(reg.value.bits.value);
      return Status::kOk;
    case ArgKind::kRingRecord:
      return CheckRecord(v, helper, number, call);
    case ArgKind::kCallback:
      call.callback = reg.memory_size;
      return CheckUnmodified(v, number);
    default:
      return Status::kOk;  // kMem...: checked with its size
  }
}

}  // namespace

Status CheckMemory(Verification& v, unsigned number, uint32_t size,
                   bool zero_size_ok, HelperUse use) {
  const RegState& reg = v.state->reg(number);
  switch (reg.type) {
    case RegType::kStack:
      return CheckStackForHelper(v, number, size, zero_size_ok, use);
    case RegType::kMapValue:
    case RegType::kRingRecord:
    case RegType::kMemory:
      return CheckRegion(v, Access{number, 0, size, use != HelperUse::kReads},
                         zero_size_ok);
    case RegType::kPacket:
    case RegType::kPacketMeta:
      return use != HelperUse::kReads && !MayAccessPacket(v, true)
                 ? v.Reject(Message::kPacketNotWritable)
                 : CheckPacket(v, Access{number, 0, size, false}, zero_size_ok);
    case RegType::kMapKey:
      return use != HelperUse::kReads
                 ? v.Reject(Message::kKeyWritten, number)
                 : CheckRegion(v, Access{number, 0, size, false}, zero_size_ok);
    default:
      // Only as long as no byte of it is touched.
      if (zero_size_ok && size == 0 && reg.IsNull()) {
        return Status::kOk;
      }
      return v.Reject(Message::kArgumentType, number, TypeName(reg), "fp");
  }
}

Status CheckArguments(Verification& v, const HelperPrototype& helper,
                      HelperCall& call) {
  for (unsigned i = 0; i < kArguments; ++i) {
    if (helper.args[i] == ArgKind::kNone) {
      break;
    }
    EBPF_TRY(CheckArgument(v, helper, kFirstArgument + i, call));
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
