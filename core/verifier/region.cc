// SPDX-License-Identifier: MIT
//
// Memory of a known size that is neither stack nor context.
#include "core/linux_abi/bpf.h"
#include "core/verifier/fields.h"
#include "core/verifier/memory_access.h"

namespace ebpf::verifier {
namespace {

uint32_t SizeOfRegion(const RegState& reg) {
  switch (reg.type) {
    case RegType::kMapValue:
      return reg.map->spec().value_size;
    case RegType::kMapKey:
      return reg.map->spec().key_size;
    default:
      return reg.memory_size;
  }
}

Status CheckMapFlags(Verification& v, const RegState& reg,
                     const Access& access) {
  if (reg.type != RegType::kMapValue) {
    return Status::kOk;
  }
  const MapSpec& spec = reg.map->spec();
  if (access.write && (spec.flags & linux_abi::kMapReadOnlyProg) != 0) {
    return v.Reject(Message::kMapNotWritable, spec.value_size,
                    reg.offset + access.offset, access.size);
  }
  if (!access.write && (spec.flags & linux_abi::kMapWriteOnlyProg) != 0) {
    return v.Reject(Message::kMapNotReadable, spec.value_size,
                    reg.offset + access.offset, access.size);
  }
  return Status::kOk;
}

/// `offset` is where the access starts if the variable part is at one of its
/// bounds.
Status CheckBound(Verification& v, const RegState& reg, const Access& access,
                  int64_t offset, bool zero_size_ok) {
  const int64_t limit = SizeOfRegion(reg);
  if (offset >= 0 && offset <= limit &&
      int64_t{access.size} <= limit - offset &&
      (access.size > 0 || zero_size_ok)) {
    return Status::kOk;
  }
  const Message message =
      reg.type == RegType::kMapValue ? Message::kOutsideMapValue
      : reg.type == RegType::kMapKey ? Message::kOutsideMapKey
                                     : Message::kOutsideMemory;
  return v.Reject(message, limit, offset, access.size);
}

Status CheckBounds(Verification& v, const Access& access, bool zero_size_ok) {
  const RegState& reg = v.state->reg(access.base);
  const unsigned name = access.base;
  if (reg.type == RegType::kMapKey && access.write) {
    return v.Reject(Message::kKeyNotWritable, name);
  }
  if (access.write && reg.Has(kRegReadOnly)) {
    return v.Reject(Message::kCannotWriteInto, name, TypeName(reg));
  }
  EBPF_TRY(CheckMapFlags(v, reg, access));
  // Both below 2^29 in absolute value, and 2^15; the variable part is checked
  // before it is added.
  const int64_t fixed = int64_t{reg.offset} + access.offset;
  const int64_t smin = static_cast<int64_t>(reg.value.wide.smin);
  if (smin < 0 && (smin < -kMaxOffset * 4 || smin + fixed < 0)) {
    return v.Reject(Message::kNegativeMinimum, name);
  }
  const bool too_far = smin >= kMaxOffset * 4;
  const Status low = CheckBound(
      v, reg, access, too_far ? INT64_MAX : smin + fixed, zero_size_ok);
  if (!IsOk(low)) {
    return v.Reject(Message::kMinimumOutside, name);
  }
  if (reg.value.wide.umax >= static_cast<uint64_t>(kMaxOffset)) {
    return v.Reject(Message::kUnbounded, name);
  }
  const int64_t umax = static_cast<int64_t>(reg.value.wide.umax);
  const Status high = CheckBound(v, reg, access, umax + fixed, zero_size_ok);
  if (!IsOk(high)) {
    return v.Reject(Message::kMaximumOutside, name);
  }
  return Status::kOk;
}

Status Check(Verification& v, const Access& access, bool zero_size_ok,
             bool direct) {
  EBPF_TRY(CheckBounds(v, access, zero_size_ok));
  const RegState& reg = v.state->reg(access.base);
  return reg.type == RegType::kMapValue && !reg.map->fields().empty()
             ? CheckFieldAccess(v, access, direct)
             : Status::kOk;
}

}  // namespace

Status CheckRegion(Verification& v, const Access& access, bool zero_size_ok) {
  return Check(v, access, zero_size_ok, true);
}

Status CheckRegionForHelper(Verification& v, const Access& access,
                            bool zero_size_ok) {
  return Check(v, access, zero_size_ok, false);
}

}  // namespace ebpf::verifier
