// SPDX-License-Identifier: MIT
//
// A lock is told by what it is in: the map and the lookup that gave the value
// (0 for the only value of a global variable), or the types and the object.
#include "core/verifier/spin_lock.h"

#include "core/verifier/fields.h"

namespace ebpf::verifier {
namespace {

Lock LockOf(const RegState& reg) {
  if (reg.type == RegType::kMapValue) {
    return Lock{reg.map, reg.id};
  }
  return Lock{reg.btf, reg.reference != 0 ? reg.reference : reg.id};
}

/// Whether there is a lock where register `number` points to.
Status FindLock(Verification& v, unsigned number) {
  const RegState& reg = v.state->reg(number);
  const bool in_map = reg.type == RegType::kMapValue;
  const char* map_name = in_map ? reg.map->spec().name : "kptr";
  const char* lock_name = NameOf(MapFieldKind::kSpinLock);
  if (!reg.value.IsConstant()) {
    return v.Reject(Message::kFieldNotConstant, number, lock_name);
  }
  if (in_map && reg.map->types() == nullptr) {
    return v.Reject(Message::kFieldNoBtf, map_name, lock_name);
  }
  MapField storage[kMaxFields];
  for (const MapField& field : FieldsOf(v, reg, storage)) {
    if (field.kind != MapFieldKind::kSpinLock) {
      continue;
    }
    if (!in_map && LockOf(reg).id == 0) {
      break;  // nobody knows which object it is
    }
    const int64_t offset =
        int64_t{reg.offset} + static_cast<int64_t>(reg.value.bits.value);
    return offset == int64_t{field.offset}
               ? Status::kOk
               : v.Reject(Message::kFieldElsewhere, offset, lock_name,
                          field.offset);
  }
  return v.Reject(Message::kFieldNone, in_map ? "map" : "local", map_name,
                  lock_name);
}

}  // namespace

Status TakeLock(Verification& v, unsigned number) {
  EBPF_TRY(FindLock(v, number));
  if (HoldsLock(v)) {
    return v.Reject(Message::kTwoLocks);
  }
  v.state->lock = LockOf(v.state->reg(number));
  return Status::kOk;
}

Status ReleaseLock(Verification& v, unsigned number) {
  EBPF_TRY(FindLock(v, number));
  if (!HoldsLock(v)) {
    return v.Reject(Message::kUnlockNone);
  }
  const Lock lock = LockOf(v.state->reg(number));
  if (lock.owner != v.state->lock.owner || lock.id != v.state->lock.id) {
    return v.Reject(Message::kUnlockOther);
  }
  ForgetNonOwning(v);
  v.state->lock = Lock{};
  return Status::kOk;
}

void ForgetNonOwning(Verification& v) {
  ForEachReg(*v.state, [](RegState& reg) {
    if (reg.IsPointer() && reg.Has(kRegNonOwning)) {
      reg = RegState::UnknownScalar();
    }
  });
}

Status CheckUnlocked(Verification& v) {
  return HoldsLock(v) ? v.Reject(Message::kUnlockMissing) : Status::kOk;
}

}  // namespace ebpf::verifier
