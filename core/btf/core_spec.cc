// SPDX-License-Identifier: MIT
//
// core/btf/core_spec.h's implementation.
#include "core/btf/core_spec.h"

#include "core/base/checked.h"

namespace ebpf::btf {
namespace {

/// Takes the next number off `text`: kInvalid where there is none.
Result<uint32_t> TakeNumber(StringView& text) {
  uint64_t number = 0;
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    number = number * 10 + static_cast<uint64_t>(text[digits] - '0');
    if (number > INT32_MAX) {
      return Status::kInvalid;
    }
    ++digits;
  }
  if (digits == 0) {
    return Status::kInvalid;
  }
  text = text.Substring(digits);
  return static_cast<uint32_t>(number);
}

Status ParseAccess(StringView text, CoreSpec& spec) {
  for (;;) {
    const uint32_t index = EBPF_TRY(TakeNumber(text));
    if (!spec.PushRaw(index)) {
      return Status::kTooBig;
    }
    if (text.empty()) {
      return Status::kOk;
    }
    if (text[0] != ':') {
      return Status::kInvalid;
    }
    text = text.Substring(1);
  }
}

/// Moves `spec` on by `index` elements of type `element`.
Status AddElements(const Btf& btf, TypeId element, uint32_t index,
                   CoreSpec& spec) {
  const uint32_t size = EBPF_TRY(btf.SizeOf(element));
  spec.bit_offset =
      EBPF_TRY(CheckedAdd(spec.bit_offset, uint64_t{index} * size * 8));
  // What no program reaches: offsets are 32 bits wide in the end.
  return spec.bit_offset > uint64_t{UINT32_MAX} * 8 ? Status::kInvalid
                                                    : Status::kOk;
}

/// Whether `array`, found by the last step of `spec`, is the last member of its
/// struct and has no count: any index leads somewhere.
Result<bool> IsFlexible(const Btf& btf, const CoreSpec& spec,
                        const Array& array) {
  const CoreSpec::Step& step = spec.steps[spec.step_count - 1];
  if (!step.is_named || array.count != 0) {
    return false;
  }
  return step.index + 1 == EBPF_TRY(btf.TypeAt(step.type)).member_count;
}

/// One number of an access text behind the first: a member of the struct `at`
/// or an element of the array.
Status ParseStep(const Btf& btf, uint32_t index, TypeId& at, CoreSpec& spec) {
  at = EBPF_TRY(btf.SkipModifiers(at));
  const Type type = EBPF_TRY(btf.TypeAt(at));
  if (IsComposite(type.kind)) {
    if (index >= type.member_count) {
      return Status::kInvalid;
    }
    const Member member = Btf::MemberAt(type, index);
    spec.bit_offset =
        EBPF_TRY(CheckedAdd<uint64_t>(spec.bit_offset, member.bit_offset));
    if (!EBPF_TRY(btf.Name(member.name)).empty() &&
        !spec.Push({at, index, true, member.name})) {
      return Status::kTooBig;
    }
    at = member.type;
    return Status::kOk;
  }
  if (type.kind != Kind::kArray) {
    return Status::kInvalid;
  }
  const Array array = Btf::ArrayOf(type);
  if (index >= array.count && !EBPF_TRY(IsFlexible(btf, spec, array))) {
    return Status::kInvalid;
  }
  at = EBPF_TRY(btf.SkipModifiers(array.element));
  if (!spec.Push({at, index, false, 0})) {
    return Status::kTooBig;
  }
  return AddElements(btf, at, index, spec);
}

}  // namespace

Status ParseSpec(const Btf& btf, CoreKind kind, TypeId type, StringView access,
                 CoreSpec& spec) {
  spec.Clear(type);
  if (IsTypeKind(kind)) {
    return access == "0" ? Status::kOk : Status::kInvalid;
  }
  EBPF_TRY(ParseAccess(access, spec));
  TypeId at = EBPF_TRY(btf.SkipModifiers(type));
  if (IsEnumKind(kind)) {
    const Type enumeration = EBPF_TRY(btf.TypeAt(at));
    const uint32_t index = spec.raw[0];
    if (!IsAnyEnum(enumeration.kind) || spec.raw_count != 1 ||
        index >= enumeration.member_count) {
      return Status::kInvalid;
    }
    spec.Push({at, index, true, Btf::EnumValueAt(enumeration, index).name});
    return Status::kOk;
  }
  if (!IsFieldKind(kind)) {
    return Status::kInvalid;
  }
  // The first number is an index from the pointer on, as of an array.
  spec.Push({at, spec.raw[0], false, 0});
  EBPF_TRY(AddElements(btf, at, spec.raw[0], spec));
  for (uint32_t i = 1; i < spec.raw_count; ++i) {
    EBPF_TRY(ParseStep(btf, spec.raw[i], at, spec));
  }
  return Status::kOk;
}

Result<bool> SpecMatcher::Match(CoreKind kind, const CoreSpec& local,
                                TypeId candidate, CoreSpec& found) {
  found.Clear(candidate);
  if (kind == CoreKind::kTypeMatches) {
    return types_.DoTypesMatch(local.root, candidate);
  }
  if (IsTypeKind(kind)) {
    return types_.AreTypesCompatible(local.root, candidate);
  }
  candidate = EBPF_TRY(target_.SkipModifiers(candidate));
  return IsEnumKind(kind) ? MatchValue(local, candidate, found)
                          : MatchField(local, candidate, found);
}

Result<bool> SpecMatcher::MatchValue(const CoreSpec& local, TypeId candidate,
                                     CoreSpec& found) {
  const Type type = EBPF_TRY(target_.TypeAt(candidate));
  if (!IsAnyEnum(type.kind)) {
    return false;
  }
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const NameOffset name = Btf::EnumValueAt(type, i).name;
    if (EBPF_TRY(types_.DoNamesMatch(local.steps[0].name, name))) {
      found.Push({candidate, i, true, name});
      found.PushRaw(i);
      return true;
    }
  }
  return false;
}

Result<bool> SpecMatcher::MatchField(const CoreSpec& local, TypeId candidate,
                                     CoreSpec& found) {
  TypeId at = candidate;
  for (uint32_t i = 0; i < local.step_count; ++i) {
    const CoreSpec::Step& step = local.steps[i];
    at = EBPF_TRY(target_.SkipModifiers(at));
    const bool matched = step.is_named
                             ? EBPF_TRY(MatchMember(step, at, found))
                             : EBPF_TRY(MatchElement(step, i == 0, at, found));
    if (!matched) {
      return false;
    }
  }
  return true;
}

/// Goes from the struct `at` to its member of the step's name, through
/// anonymous structs; `at` is then the member's type.
Result<bool> SpecMatcher::MatchMember(const CoreSpec::Step& step, TypeId& at,
                                      CoreSpec& found) {
  const Type local_struct = EBPF_TRY(local_.TypeAt(step.type));
  const Member local = Btf::MemberAt(local_struct, step.index);
  const StringView name = EBPF_TRY(local_.Name(local.name));
  uint32_t depth = 0;
  levels_[depth++] = {at, 0, found.raw_count, found.bit_offset};
  while (depth != 0) {
    EBPF_TRY(budget_.Spend());
    Level& level = levels_[depth - 1];
    found.raw_count = level.raw_count;
    found.bit_offset = level.bit_offset;
    const Type type = EBPF_TRY(target_.TypeAt(level.type));
    if (!IsComposite(type.kind) || level.next == type.member_count) {
      --depth;
      continue;
    }
    const uint32_t index = level.next++;
    const Member member = Btf::MemberAt(type, index);
    found.bit_offset =
        EBPF_TRY(CheckedAdd<uint64_t>(found.bit_offset, member.bit_offset));
    if (!found.PushRaw(index)) {
      return Status::kTooBig;
    }
    const StringView its_name = EBPF_TRY(target_.Name(member.name));
    if (its_name.empty()) {
      if (depth == kMaxAccesses) {
        return Status::kTooBig;
      }
      levels_[depth++] = {EBPF_TRY(target_.SkipModifiers(member.type)), 0,
                          found.raw_count, found.bit_offset};
    } else if (its_name == name) {
      if (EBPF_TRY(types_.AreFieldsCompatible(local.type, member.type))) {
        at = member.type;
        return found.Push({level.type, index, true, member.name});
      }
      // This struct's is another one; one around it may have the right one.
      --depth;
    }
  }
  return false;
}

Result<bool> SpecMatcher::MatchElement(const CoreSpec::Step& step, bool first,
                                       TypeId& at, CoreSpec& found) {
  if (!first) {
    const Type type = EBPF_TRY(target_.TypeAt(at));
    if (type.kind != Kind::kArray) {
      return false;
    }
    const Array array = Btf::ArrayOf(type);
    if (step.index >= array.count &&
        !EBPF_TRY(IsFlexible(target_, found, array))) {
      return false;
    }
    at = EBPF_TRY(target_.SkipModifiers(array.element));
  }
  if (!found.PushRaw(step.index) || !found.Push({at, step.index, false, 0})) {
    return Status::kTooBig;
  }
  EBPF_TRY(AddElements(target_, at, step.index, found));
  return true;
}

}  // namespace ebpf::btf
