// SPDX-License-Identifier: MIT
//
// core/btf/core_value.h's implementation.
#include "core/btf/core_value.h"

#include "core/base/bits.h"
#include "core/btf/struct_access.h"

namespace ebpf::btf {
namespace {

/// The bytes that a load of a member takes.
struct Extent {
  uint64_t offset;  // bytes from the outermost struct
  uint32_t size;
  uint64_t bit_offset;
  uint32_t bits;
};

/// The smallest load of the bit field's own type's size or more that holds it
/// all.
Result<Extent> ExtentOfBitField(uint64_t bit_offset, uint32_t bits,
                                uint32_t size) {
  constexpr uint32_t kLargestInt = 16;
  if (size == 0 || size > kLargestInt) {
    return size == 0 ? Status::kInvalid : Status::kTooBig;
  }
  uint64_t offset = bit_offset / 8 / size * size;
  while (bit_offset + bits - offset * 8 > uint64_t{size} * 8) {
    if (size >= 8) {
      return Status::kTooBig;
    }
    size *= 2;
    offset = bit_offset / 8 / size * size;
  }
  return Extent{offset, size, bit_offset, bits};
}

/// Of the field itself; loads and stores of an array are of its elements.
Status SetAccessSize(const Btf& btf, TypeId field, CoreValue& value) {
  const Elements elements = EBPF_TRY(ElementsOf(btf, field));
  value.size = elements.size;
  value.type = elements.element;
  return Status::kOk;
}

Result<CoreValue> ValueOfElement(const Btf& btf, CoreKind kind,
                                 const CoreSpec& spec, TypeId element) {
  CoreValue value;
  if (kind == CoreKind::kFieldByteOffset) {
    value.value = spec.bit_offset / 8;
    value.type = element;
    value.size = EBPF_TRY(btf.SizeOf(element));
    return value;
  }
  if (kind == CoreKind::kFieldByteSize) {
    value.value = EBPF_TRY(btf.SizeOf(element));
    return value;
  }
  return Status::kInvalid;
}

bool IsSigned(const Type& type) {
  if (IsAnyEnum(type.kind)) {
    return type.kind_flag;
  }
  return type.kind == Kind::kInt &&
         (Btf::IntegerOf(type).encoding & Integer::kSigned) != 0;
}

Result<CoreValue> ValueOfMember(const Btf& btf, CoreKind kind,
                                const CoreSpec& spec,
                                const CoreSpec::Step& step) {
  const Member member =
      Btf::MemberAt(EBPF_TRY(btf.TypeAt(step.type)), step.index);
  const TypeId field = EBPF_TRY(btf.SkipModifiers(member.type));
  const Type type = EBPF_TRY(btf.TypeAt(field));
  const bool is_bit_field = member.bit_size != 0;
  Extent extent{};
  if (is_bit_field) {
    extent = EBPF_TRY(
        ExtentOfBitField(spec.bit_offset, member.bit_size, type.size_or_type));
  } else {
    const uint32_t size = EBPF_TRY(btf.SizeOf(field));
    extent = {spec.bit_offset / 8, size, spec.bit_offset, size * 8};
  }
  CoreValue value;
  value.validate = !is_bit_field;
  const uint64_t bits_before = extent.bit_offset - extent.offset * 8;
  switch (kind) {
    case CoreKind::kFieldByteOffset:
      value.value = extent.offset;
      if (!is_bit_field) {
        EBPF_TRY(SetAccessSize(btf, field, value));
      }
      break;
    case CoreKind::kFieldByteSize:
      value.value = extent.size;
      break;
    case CoreKind::kFieldSigned:
      value.value = IsSigned(type) ? 1 : 0;
      value.validate = true;
      break;
    case CoreKind::kFieldLeftShift:
      value.value = kLittleEndian
                        ? 64 - (bits_before + extent.bits)
                        : (8 - uint64_t{extent.size}) * 8 + bits_before;
      break;
    case CoreKind::kFieldRightShift:
      value.value = 64 - uint64_t{extent.bits};
      value.validate = true;
      break;
    default:
      return Status::kInvalid;
  }
  return value;
}

Result<CoreValue> ValueOfField(const Btf& btf, CoreKind kind,
                               const CoreSpec* spec) {
  CoreValue value;
  if (kind == CoreKind::kFieldExists) {
    value.value = spec != nullptr;
    return value;
  }
  if (spec == nullptr) {
    value.poison = true;
    return value;
  }
  const CoreSpec::Step& step = spec->steps[spec->step_count - 1];
  return step.is_named ? ValueOfMember(btf, kind, *spec, step)
                       : ValueOfElement(btf, kind, *spec, step.type);
}

Result<CoreValue> ValueOfType(const Btf& btf, CoreKind kind,
                              const CoreSpec* spec) {
  CoreValue value;
  if (spec == nullptr) {
    return value;  // 0, also as a size and as an id
  }
  switch (kind) {
    case CoreKind::kTypeIdTarget:
      // Linking objects together changes ids.
      value.validate = false;
      value.value = spec->root;
      break;
    case CoreKind::kTypeSize:
      value.value = EBPF_TRY(btf.SizeOf(spec->root));
      break;
    default:
      value.value = 1;
      break;
  }
  return value;
}

Result<CoreValue> ValueOfEnum(const Btf& btf, CoreKind kind,
                              const CoreSpec* spec) {
  CoreValue value;
  if (kind == CoreKind::kEnumValueExists) {
    value.value = spec != nullptr;
  } else if (spec == nullptr) {
    value.poison = true;
  } else {
    const CoreSpec::Step& step = spec->steps[0];
    value.value =
        Btf::EnumValueAt(EBPF_TRY(btf.TypeAt(step.type)), step.index).value;
  }
  return value;
}

}  // namespace

Result<CoreValue> ValueOf(const Btf& btf, CoreKind kind, const CoreSpec* spec) {
  if (IsFieldKind(kind)) {
    return ValueOfField(btf, kind, spec);
  }
  if (IsEnumKind(kind)) {
    return ValueOfEnum(btf, kind, spec);
  }
  return ValueOfType(btf, kind, spec);
}

}  // namespace ebpf::btf
