// SPDX-License-Identifier: MIT
//
// A load through a typed pointer may fault where the pointer is not trusted:
// engines make such loads give 0 (PointerKind::kProbed). So what is loaded is
// only ever the question of what it may be used for: pointers found in trusted
// objects are trusted where the kernel says that they live as long as these.
#include "core/verifier/typed_access.h"

#include "core/btf/struct_access.h"
#include "core/verifier/fields.h"
#include "core/verifier/object_write.h"
#include "core/verifier/regions.h"

namespace ebpf::verifier {
namespace {

/// A field that holds a pointer which lives as long as what it stands in.
struct Field {
  const char* in;
  const char* name;
};

/// Trusted if their struct is.
constexpr Field kTrustedFields[] = {
    {"bpf_iter_meta", "seq"},   {"bpf_iter__task", "meta"},
    {"bpf_iter__task", "task"}, {"linux_binprm", "file"},
    {"file", "f_inode"},        {"dentry", "d_inode"},
};
/// The same, but may be null.
constexpr Field kTrustedOrNullFields[] = {{"socket", "sk"}};
/// Protected by RCU.
constexpr Field kRcuFields[] = {
    {"task_struct", "cpus_ptr"},
    {"task_struct", "cgroups"},
    {"task_struct", "real_parent"},
    {"task_struct", "group_leader"},
    {"cgroup", "kn"},
    {"css_set", "dfl_cgrp"},
};
constexpr Field kRcuOrNullFields[] = {
    {"mm_struct", "exe_file"},
    {"sk_buff", "sk"},
    {"request_sock", "sk"},
};

struct Found {
  StringView in;
  StringView name;
};

template <size_t kSize>
bool Lists(const Field (&fields)[kSize], const Found& found) {
  for (const Field& field : fields) {
    if (found.in == field.in && found.name == field.name) {
      return true;
    }
  }
  return false;
}

struct Trust {
  uint16_t flags;
  bool maybe_null;
};

/// What Linux makes of a pointer that was loaded from `from`, which is trusted
/// or protected by RCU.
Trust TrustFrom(const Verification& v, const RegState& from,
                const btf::Access& access, const Found& found, uint16_t tags) {
  if (Lists(kTrustedFields, found)) {
    return {static_cast<uint16_t>(tags | kRegTrusted), false};
  }
  if (Lists(kTrustedOrNullFields, found)) {
    return {static_cast<uint16_t>(tags | kRegTrusted), true};
  }
  if (!InRcuSection(v) || from.maybe_null) {
    return {kRegUntrusted, false};
  }
  if (Lists(kRcuFields, found)) {
    return {static_cast<uint16_t>(tags | kRegRcu), false};
  }
  const bool listed = Lists(kRcuOrNullFields, found);
  if (access.tags.rcu || listed) {
    const uint16_t flags = tags | kRegRcu;
    return {static_cast<uint16_t>(listed ? flags & ~kRegUntrusted : flags),
            true};
  }
  return {static_cast<uint16_t>(tags & ~(kRegTrusted | kRegRcu)), false};
}

RegState LoadedPointer(Verification& v, const RegState& from,
                       const btf::Access& access) {
  const StringView empty;
  const Found found = {StructName(from),
                       from.btf->Name(access.member).ValueOr(empty)};
  const uint16_t tags =
      static_cast<uint16_t>((access.tags.user ? kRegUser : 0) |
                            (access.tags.per_cpu ? kRegPerCpu : 0) |
                            (access.through_union ? kRegUntrusted : 0));
  Trust trust = {static_cast<uint16_t>(tags & ~(kRegTrusted | kRegRcu)), false};
  if (from.Has(kRegUntrusted)) {
    trust = {kRegUntrusted, false};
  } else if (IsTrusted(from) || from.Has(kRegRcu)) {
    trust = TrustFrom(v, from, access, found, tags);
  }
  RegState reg = TypedPointer(from.btf, access.type, trust.flags);
  reg.maybe_null = trust.maybe_null;
  reg.id = trust.maybe_null ? v.NewId() : 0;
  return reg;
}

/// An object that a program made: all of it may be written by who holds it, but
/// for its special fields, which nobody may access.
Status CheckAllocated(Verification& v, const RegState& reg,
                      const Access& access, uint32_t offset) {
  const Result<uint32_t> size = reg.btf->SizeOf(reg.memory_size);
  // A flexible array has no elements here.
  if (!size.ok() || uint64_t{offset} + access.size > *size) {
    return v.Reject(Message::kObjectBeyond, StructName(reg), offset,
                    access.size);
  }
  MapField storage[kMaxFields];
  for (const MapField& field : FieldsOf(v, reg, storage)) {
    if (offset < field.offset + field.size &&
        field.offset < offset + access.size) {
      return v.Reject(Message::kObjectField, NameOf(field.kind));
    }
  }
  return !access.write || reg.reference != 0 ? Status::kOk
                                             : v.Reject(Message::kOnlyRead);
}

Status CheckPlace(Verification& v, const RegState& reg, const Access& access,
                  int32_t offset) {
  const unsigned base = access.base;
  const char* name = StructName(reg);
  if (!v.options.gpl_compatible && reg.btf == v.options.kernel_btf) {
    return v.Reject(Message::kKernelStructGpl, name);
  }
  if (offset < 0) {
    return v.Reject(Message::kTypedNegative, base, name, offset);
  }
  if (!reg.value.IsConstant() || reg.value.bits.value != 0) {
    return v.Reject(Message::kTypedVariable, base, name, offset,
                    reg.value.bits);
  }
  if (reg.Has(kRegUser)) {
    return v.Reject(Message::kTypedUser, base, name, offset);
  }
  if (reg.Has(kRegPerCpu)) {
    return v.Reject(Message::kTypedPerCpu, base, name, offset);
  }
  if (reg.Has(kRegAllocated)) {
    return CheckAllocated(v, reg, access, static_cast<uint32_t>(offset));
  }
  return access.write ? CheckObjectWrite(v, reg, static_cast<uint32_t>(offset),
                                         access.size)
                      : Status::kOk;
}

}  // namespace

const char* StructName(const RegState& reg) {
  if (reg.btf == nullptr) {
    return "";
  }
  const Result<btf::Type> type = reg.btf->TypeAt(reg.memory_size);
  const Result<StringView> name =
      type.ok() ? reg.btf->Name(type->name) : Result<StringView>(StringView());
  return name.ok() && name->data() != nullptr ? name->data() : "";
}

RegState TypedPointer(const btf::Btf* btf, btf::TypeId type, uint16_t flags) {
  RegState reg = RegState::Pointer(RegType::kTyped);
  reg.btf = btf;
  reg.memory_size = type;
  reg.flags = flags;
  return reg;
}

bool IsTrusted(const RegState& reg) {
  constexpr uint16_t kUnsafe = kRegUntrusted | kRegUser | kRegPerCpu | kRegRcu;
  if (reg.reference != 0) {
    return true;
  }
  switch (reg.type) {
    case RegType::kSocket:
    case RegType::kSockCommon:
    case RegType::kTcpSock:
      return true;
    default:
      return reg.Has(kRegTrusted | kRegAllocated | kRegNonOwning) &&
             !reg.Has(kUnsafe);
  }
}

Status AccessTyped(Verification& v, const Access& access, RegState& loaded) {
  const RegState& reg = v.state->reg(access.base);
  // Both are below 2^29 and 2^15.
  const int32_t offset = reg.offset + access.offset;
  EBPF_TRY(CheckPlace(v, reg, access, offset));
  if (access.write && !reg.Has(kRegAllocated)) {
    loaded = RegState::UnknownScalar();  // by an atomic operation
    return Status::kOk;
  }
  TextWriter* log = v.log.enabled() ? &v.log.writer() : nullptr;
  const btf::Access found = EBPF_TRY(btf::AccessStruct(
      *reg.btf, reg.memory_size, static_cast<uint32_t>(offset), access.size,
      reg.Has(kRegUntrusted), log));
  // In an object of the program's own a pointer is a number.
  if (found.kind == btf::AccessKind::kPointer && !reg.Has(kRegAllocated)) {
    loaded = LoadedPointer(v, reg, found);
  } else {
    loaded = RegState::UnknownScalar();
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
