// SPDX-License-Identifier: MIT
//
// core/btf/core_relo.h's resolving: candidates and what they agree on.
#include "core/btf/core_relo.h"

#include "core/btf/core_value.h"

namespace ebpf::btf {
namespace {

/// A load of `local` bytes may become one of `target` bytes where the upper
/// bytes are zero by themselves: unsigned integers, and pointers, which are 8
/// bytes for the compiler and maybe 4 in the kernel.
Result<bool> IsSizeAdjustable(const Btf& local, TypeId local_type,
                              const Btf& target, TypeId target_type) {
  const Type a = EBPF_TRY(local.Resolve(local_type));
  const Type b = EBPF_TRY(target.Resolve(target_type));
  if (a.kind == Kind::kPointer && b.kind == Kind::kPointer) {
    return true;
  }
  return a.kind == Kind::kInt && b.kind == Kind::kInt &&
         (Btf::IntegerOf(a).encoding & Integer::kSigned) == 0 &&
         (Btf::IntegerOf(b).encoding & Integer::kSigned) == 0;
}

Result<CoreResult> Combine(const Btf& local_btf, const CoreValue& local,
                           const Btf& target_btf, const CoreValue& target) {
  CoreResult result;
  result.old_value = local.value;
  result.new_value = target.value;
  result.validate = local.validate;
  result.poison = target.poison;
  if (!target.poison) {
    result.old_size = local.size;
    result.new_size = target.size;
    // A bit field has no size of its own, nor any type here: no load of it
    // becomes one of a whole field.
    result.wrong_size = local.size != target.size &&
                        !EBPF_TRY(IsSizeAdjustable(local_btf, local.type,
                                                   target_btf, target.type));
  }
  return result;
}

bool IsKnown(CoreKind kind) {
  return IsFieldKind(kind) || IsTypeKind(kind) || IsEnumKind(kind);
}

}  // namespace

Status CoreRelocator::Complain(const CoreRelocation& relocation,
                               StringView what) {
  if (log_ != nullptr) {
    log_->Put("CO-RE relocation ");
    Describe(relocation, *log_);
    log_->Put(": ").Put(what).Put('\n');
  }
  return Status::kInvalid;
}

Result<CoreResult> CoreRelocator::Resolve(const CoreRelocation& relocation) {
  matcher_.RefillBudget();
  const Result<Type> type = local_.TypeAt(relocation.type);
  const Result<StringView> access = local_.Name(relocation.access);
  if (!IsKnown(relocation.kind) || !type.ok() || relocation.type == 0 ||
      !access.ok()) {
    return Complain(relocation, "malformed");
  }
  const Status parsed =
      ParseSpec(local_, relocation.kind, relocation.type, *access, local_spec_);
  if (!IsOk(parsed)) {
    (void)Complain(relocation, "leads nowhere in the program's own types");
    return parsed;
  }
  if (relocation.kind == CoreKind::kTypeIdLocal) {
    CoreResult result;
    result.old_value = result.new_value = relocation.type;
    return result;
  }
  const StringView name = EBPF_TRY(local_.Name(type->name));
  if (name.empty()) {
    (void)Complain(relocation, "the type has no name to look for");
    return Status::kNotSupported;
  }
  return ResolveAmongCandidates(relocation, EssentialName(name), type->kind);
}

bool CoreRelocator::IsRuledOut(TypeId local, TypeId candidate) const {
  for (uint32_t i = 0; i < ruled_out_count_; ++i) {
    if (ruled_out_[i].local == local && ruled_out_[i].candidate == candidate) {
      return true;
    }
  }
  return false;
}

void CoreRelocator::RuleOut(TypeId local, TypeId candidate) {
  if (ruled_out_count_ < kMaxRuledOut) {
    ruled_out_[ruled_out_count_++] = {local, candidate};
  }
}

Result<CoreResult> CoreRelocator::ResolveAmongCandidates(
    const CoreRelocation& relocation, StringView name, Kind kind) {
  const CoreValue local =
      EBPF_TRY(ValueOf(local_, relocation.kind, &local_spec_));
  CoreResult result;
  uint64_t bit_offset = 0;
  uint32_t matches = 0;
  TypeId candidate = 0;
  const uint32_t ruled_out_before = ruled_out_count_;
  for (;;) {
    const Result<TypeId> next = target_.NextNamed(name, candidate);
    if (!next.ok()) {
      break;
    }
    candidate = *next;
    if (!AreKindsCompatible(kind, EBPF_TRY(target_.TypeAt(candidate)).kind) ||
        IsRuledOut(relocation.type, candidate)) {
      continue;
    }
    const Result<bool> matched = matcher_.Match(relocation.kind, local_spec_,
                                                candidate, candidate_spec_);
    if (!matched.ok()) {
      (void)Complain(relocation, "too deep, or too much to compare");
      return matched.status();
    }
    if (!*matched) {
      RuleOut(relocation.type, candidate);
      continue;
    }
    const Result<CoreValue> value =
        ValueOf(target_, relocation.kind, &candidate_spec_);
    if (!value.ok()) {
      (void)Complain(relocation, "the kernel's type has no answer");
      return value.status();
    }
    const CoreResult found = EBPF_TRY(Combine(local_, local, target_, *value));
    if (matches++ == 0) {
      result = found;
      bit_offset = candidate_spec_.bit_offset;
    } else if (bit_offset != candidate_spec_.bit_offset ||
               found.new_value != result.new_value) {
      return Complain(relocation,
                      "ambiguous: the kernel has several such types");
    }
  }
  if (matches != 0) {
    return result;
  }
  // That nothing fits may be what the program wants to know.
  ruled_out_count_ = ruled_out_before;
  const CoreValue nothing =
      EBPF_TRY(ValueOf(target_, relocation.kind, nullptr));
  return Combine(local_, local, target_, nothing);
}

Status CoreRelocator::Apply(const CoreRelocation& relocation, Bytes code) {
  const CoreResult result = EBPF_TRY(Resolve(relocation));
  const Status patched = PatchInsn(result, code, relocation.insn_offset, log_);
  if (!IsOk(patched)) {
    (void)Complain(relocation, "does not fit its instruction");
  }
  return patched;
}

}  // namespace ebpf::btf
