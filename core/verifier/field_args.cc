// SPDX-License-Identifier: MIT
//
// A field is named by its address: that of a map's value, or object, plus a
// constant.
#include "core/verifier/field_args.h"

#include "core/helpers/prototype.h"
#include "core/verifier/fields.h"
#include "core/verifier/spin_lock.h"

namespace ebpf::verifier {
namespace {

int64_t OffsetOf(const RegState& reg) {
  return int64_t{reg.offset} + static_cast<int64_t>(reg.value.bits.value);
}

Status CheckKptrSlot(Verification& v, unsigned number, HelperCall& call) {
  const RegState& reg = v.state->reg(number);
  if (reg.type == RegType::kMapValue) {
    if (reg.map->types() == nullptr) {
      return v.Reject(Message::kFieldNoBtf, reg.map->spec().name,
                      "bpf_kptr_xchg");
    }
    call.map = reg.map;
    call.map_origin = reg.origin;
  }
  if (!reg.value.IsConstant()) {
    return v.Reject(Message::kFieldNotConstant, number, "kptr");
  }
  MapField storage[kMaxFields];
  const MapFields fields = FieldsOf(v, reg, storage);
  if (!HasField(fields, kKptrKinds)) {
    return v.Reject(Message::kKptrNone, number);
  }
  const int64_t offset = OffsetOf(reg);
  const MapField* field =
      FieldAt(fields, kKptrKinds, static_cast<uint64_t>(offset));
  if (field == nullptr) {
    return v.Reject(Message::kKptrElsewhere, offset);
  }
  if (field->kind == MapFieldKind::kUntrustedKptr) {
    return v.Reject(Message::kKptrNotReferenced, offset);
  }
  call.slot = *field;
  return Status::kOk;
}

}  // namespace

Status CheckTimer(Verification& v, unsigned number, MapFieldKind kind,
                  HelperCall& call) {
  const RegState& reg = v.state->reg(number);
  const char* name = NameOf(kind);
  if (!reg.value.IsConstant()) {
    return v.Reject(Message::kFieldNotConstant, number, name);
  }
  const char* map_name = reg.map->spec().name;
  if (reg.map->types() == nullptr) {
    return v.Reject(Message::kFieldNoBtf, map_name, name);
  }
  for (const MapField& field : reg.map->fields()) {
    if (field.kind != kind) {
      continue;
    }
    if (int64_t{field.offset} != OffsetOf(reg)) {
      return v.Reject(Message::kFieldElsewhere, OffsetOf(reg), name,
                      field.offset);
    }
    call.map = reg.map;
    call.map_origin = reg.origin;
    return Status::kOk;
  }
  return v.Reject(Message::kFieldNone, "map", map_name, name);
}

Status CheckFieldArgument(Verification& v, const HelperPrototype& helper,
                          unsigned number, ArgKind kind, HelperCall& call) {
  switch (kind) {
    case ArgKind::kSpinLock:
      return helper.id == helper_id::spin_lock ? TakeLock(v, number)
                                               : ReleaseLock(v, number);
    case ArgKind::kTimer:
      return CheckTimer(v, number, MapFieldKind::kTimer, call);
    default:
      return CheckKptrSlot(v, number, call);
  }
}

}  // namespace ebpf::verifier
