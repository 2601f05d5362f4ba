// SPDX-License-Identifier: MIT
//
// A kptr may be loaded, which gives a pointer that is not trusted unless RCU
// protects it, and one that is not referenced may be stored. All other fields
// are for helpers and kernel functions only.
#include "core/verifier/fields.h"

#include "core/btf/struct_access.h"
#include "core/verifier/regions.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kKptrSize = 8;

/// The kernel's types whose objects outlive an RCU section.
constexpr const char* kRcuProtected[] = {
    "prog_test_ref_kfunc", "cgroup",         "bpf_cpumask",
    "task_struct",         "bpf_crypto_ctx",
};

bool IsKernel(const Verification& v, const btf::Btf* btf) {
  return btf == v.options.kernel_btf;
}

bool IsRcuSafe(const Verification& v, const MapField& kptr, const char* name) {
  if (kptr.kind == MapFieldKind::kPerCpuKptr) {
    return true;
  }
  if (kptr.kind != MapFieldKind::kKptr) {
    return false;
  }
  if (!IsKernel(v, kptr.btf)) {
    return true;
  }
  for (const char* safe : kRcuProtected) {
    if (StringView(name) == StringView(safe)) {
      return true;
    }
  }
  return false;
}

/// Of what is loaded from `kptr`.
uint16_t FlagsOfLoaded(const Verification& v, const MapField& kptr,
                       const char* name) {
  const bool in_section = InRcuSection(v) || v.state->lock.owner != nullptr;
  if (!in_section || !IsRcuSafe(v, kptr, name)) {
    return kRegUntrusted;
  }
  if (kptr.kind == MapFieldKind::kPerCpuKptr) {
    return kRegRcu | kRegPerCpu;
  }
  return IsKernel(v, kptr.btf) ? kRegRcu : kRegRcu | kRegAllocated;
}

Status RefuseKptr(Verification& v, unsigned number, const MapField& kptr) {
  const RegState& reg = v.state->reg(number);
  const TypeName name(reg);
  const char* own = reg.type == RegType::kTyped ? StructName(reg) : "";
  RegState wanted = TypedPointer(kptr.btf, kptr.type_id, 0);
  const TypeName expected(wanted);
  if (kptr.kind != MapFieldKind::kUntrustedKptr) {
    return v.Reject(Message::kKptrType, number, name, own, expected,
                    StructName(wanted));
  }
  RegState untrusted = wanted;
  untrusted.flags = kRegUntrusted;
  return v.Reject(Message::kKptrTypeOrUntrusted, number, name, own, expected,
                  StructName(wanted), TypeName(untrusted), StructName(wanted));
}

Status CheckKptrAccess(Verification& v, const RegState& reg,
                       const Access& access, bool direct,
                       const MapField& field) {
  if (!direct) {
    return v.Reject(Message::kKptrIndirect);
  }
  if (!reg.value.IsConstant()) {
    return v.Reject(Message::kKptrVariable);
  }
  const int64_t offset = int64_t{reg.offset} + access.offset +
                         static_cast<int64_t>(reg.value.bits.value);
  if (offset != int64_t{field.offset}) {
    return v.Reject(Message::kKptrMisaligned, field.offset, offset);
  }
  return access.size == kKptrSize ? Status::kOk : v.Reject(Message::kKptrSize);
}

}  // namespace

MapFields FieldsOf(const Verification& v, const RegState& reg,
                   Span<MapField> storage) {
  if (reg.type == RegType::kMapValue) {
    return reg.map->fields();
  }
  if (reg.type != RegType::kTyped || reg.btf == nullptr ||
      IsKernel(v, reg.btf)) {
    return MapFields();
  }
  const Result<uint32_t> size = reg.btf->SizeOf(reg.memory_size);
  if (!size.ok()) {
    return MapFields();
  }
  const Result<uint32_t> count =
      FindFields(FieldQuery{reg.btf, reg.memory_size, kObjectKinds, *size,
                            v.options.kernel_btf},
                 storage);
  return count.ok() ? MapFields(storage.data(), *count) : MapFields();
}

Status CheckFieldAccess(Verification& v, const Access& access, bool direct) {
  const RegState& reg = v.state->reg(access.base);
  // The access is within the value: nothing here wraps around.
  const int64_t fixed = int64_t{reg.offset} + access.offset;
  const int64_t begin = static_cast<int64_t>(reg.value.wide.smin) + fixed;
  const int64_t end =
      static_cast<int64_t>(reg.value.wide.umax) + fixed + access.size;
  for (const MapField& field : reg.map->fields()) {
    if (begin >= int64_t{field.offset} + field.size ||
        end <= int64_t{field.offset}) {
      continue;
    }
    if ((Bit(field.kind) & kKptrKinds) == 0) {
      return v.Reject(Message::kFieldDirect, NameOf(field.kind));
    }
    EBPF_TRY(CheckKptrAccess(v, reg, access, direct, field));
  }
  return Status::kOk;
}

const MapField* KptrAt(const RegState& reg, const Access& access) {
  if (reg.type != RegType::kMapValue || !reg.value.IsConstant()) {
    return nullptr;
  }
  const int64_t offset = int64_t{reg.offset} + access.offset +
                         static_cast<int64_t>(reg.value.bits.value);
  return FieldAt(reg.map->fields(), kKptrKinds, static_cast<uint64_t>(offset));
}

Status ReadKptr(Verification& v, const MapField& kptr, bool plain,
                RegState& loaded) {
  if (!plain) {
    return v.Reject(Message::kKptrMode);
  }
  RegState pointer = TypedPointer(kptr.btf, kptr.type_id, 0);
  pointer.flags = FlagsOfLoaded(v, kptr, StructName(pointer));
  pointer.maybe_null = true;
  pointer.id = v.NewId();
  loaded = pointer;
  return Status::kOk;
}

Status WriteKptr(Verification& v, const MapField& kptr, bool plain,
                 unsigned source, const RegState& stored) {
  if (!plain) {
    return v.Reject(Message::kKptrMode);
  }
  if (kptr.kind != MapFieldKind::kUntrustedKptr) {
    return v.Reject(Message::kKptrStore);
  }
  if (stored.IsNull()) {
    return Status::kOk;
  }
  return source == kNoRegister ? v.Reject(Message::kKptrImmediate, kptr.offset)
                               : CheckKptr(v, source, kptr);
}

Status CheckKptr(Verification& v, unsigned number, const MapField& kptr) {
  const RegState& reg = v.state->reg(number);
  uint16_t allowed = kRegAllocated;
  if (reg.type != RegType::kTyped || reg.btf == nullptr ||
      kptr.btf == nullptr) {
    return RefuseKptr(v, number, kptr);
  }
  if (IsKernel(v, reg.btf)) {
    allowed = kRegTrusted | kRegRcu;
    allowed |= kptr.kind == MapFieldKind::kUntrustedKptr ? kRegUntrusted : 0;
  } else if (kptr.kind == MapFieldKind::kPerCpuKptr) {
    allowed |= kRegPerCpu;
  }
  if ((reg.flags & ~allowed) != 0) {
    return RefuseKptr(v, number, kptr);
  }
  if (reg.offset < 0) {
    return v.Reject(Message::kNegativePointer, TypeName(reg), number,
                    int{reg.offset});
  }
  if (!reg.value.IsConstant() || reg.value.bits.value != 0) {
    return v.Reject(Message::kVariablePointer, TypeName(reg), reg.value.bits);
  }
  const bool strict = kptr.kind != MapFieldKind::kUntrustedKptr;
  return btf::HasStructAt(*reg.btf, reg.memory_size,
                          static_cast<uint32_t>(reg.offset), *kptr.btf,
                          kptr.type_id, strict)
             ? Status::kOk
             : RefuseKptr(v, number, kptr);
}

}  // namespace ebpf::verifier
