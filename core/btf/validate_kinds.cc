// SPDX-License-Identifier: MIT
//
// Validate's first phase, kind by kind: what can be judged of a type without
// looking at those that it refers to. The order of the rules is Linux's, since
// the log names the first that is broken.
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/btf/validator.h"

namespace ebpf::btf {
namespace {

bool IsTypeId(TypeId id) { return id <= kMaxTypeId; }

}  // namespace

Status Validator::CheckAlone(const Type& type) {
  switch (type.kind) {
    case Kind::kInt:
      return CheckInt(type);
    case Kind::kPointer:
    case Kind::kTypedef:
    case Kind::kVolatile:
    case Kind::kConst:
    case Kind::kRestrict:
    case Kind::kTypeTag:
      return CheckReference(type);
    case Kind::kForward:
      return CheckForward(type);
    case Kind::kArray:
      return CheckArray(type);
    case Kind::kStruct:
    case Kind::kUnion:
      return CheckStruct(type);
    case Kind::kEnum:
    case Kind::kEnum64:
      return CheckEnum(type);
    case Kind::kFunctionProto:
      return CheckProto(type);
    case Kind::kFunction:
      return CheckFunction(type);
    case Kind::kVariable:
      return CheckVariable(type);
    case Kind::kDataSection:
      return CheckDataSection(type);
    case Kind::kFloat:
      return CheckFloat(type);
    case Kind::kDeclTag:
      return CheckDeclTag(type);
    case Kind::kVoid:
      break;
  }
  return Status::kInvalid;
}

Status Validator::CheckNoCount(const Type& type) {
  return type.member_count == 0 ? Status::kOk
                                : log_.SayType(id_, type, "vlen != 0");
}

Status Validator::CheckNoFlag(const Type& type) {
  return !type.kind_flag
             ? Status::kOk
             : log_.SayType(id_, type, "Invalid btf_info kind_flag");
}

Status Validator::CheckInt(const Type& type) {
  EBPF_TRY(CheckNoCount(type));
  EBPF_TRY(CheckNoFlag(type));
  const auto word = LoadUnaligned<uint32_t>(type.tail.data());
  if (word >> 28 != 0) {
    return log_.SayBasic(id_, type, "Invalid int_data:", word);
  }
  const Integer integer = Btf::IntegerOf(type);
  const uint32_t bits = uint32_t{integer.bits} + integer.bit_offset;
  if (bits > 128) {
    return log_.SayType(id_, type, "nr_bits exceeds ", uint64_t{128});
  }
  if ((bits + 7) / 8 > type.size_or_type) {
    return log_.SayType(id_, type, "nr_bits exceeds type_size");
  }
  if (integer.encoding != 0 && !IsPowerOfTwo(uint32_t{integer.encoding})) {
    return log_.SayType(id_, type, "Unsupported encoding",
                        Status::kNotSupportedLinux);
  }
  if (integer.encoding > Integer::kBool) {
    return log_.SayType(id_, type, "Unsupported encoding",
                        Status::kNotSupportedLinux);
  }
  return log_.SayType(id_, type, "", Status::kOk);
}

Status Validator::CheckReference(const Type& type) {
  EBPF_TRY(CheckNoCount(type));
  EBPF_TRY(CheckNoFlag(type));
  if (!IsTypeId(type.size_or_type)) {
    return log_.SayType(id_, type, "Invalid type_id");
  }
  bool valid = false;
  if (type.kind == Kind::kTypedef) {
    valid = IsIdentifier(type.name);
  } else if (type.kind == Kind::kTypeTag) {
    valid = !IsEmptyName(type.name);
  } else {
    valid = type.name == 0;
  }
  return valid ? log_.SayType(id_, type, "", Status::kOk)
               : log_.SayType(id_, type, "Invalid name");
}

Status Validator::CheckForward(const Type& type) {
  EBPF_TRY(CheckNoCount(type));
  if (type.size_or_type != 0) {
    return log_.SayType(id_, type, "type != 0");
  }
  return IsIdentifier(type.name) ? log_.SayType(id_, type, "", Status::kOk)
                                 : log_.SayType(id_, type, "Invalid name");
}

Status Validator::CheckArray(const Type& type) {
  if (type.name != 0) {
    return log_.SayType(id_, type, "Invalid name");
  }
  EBPF_TRY(CheckNoCount(type));
  EBPF_TRY(CheckNoFlag(type));
  if (type.size_or_type != 0) {
    return log_.SayType(id_, type, "size != 0");
  }
  const Array array = Btf::ArrayOf(type);
  if (array.element == 0 || !IsTypeId(array.element)) {
    return log_.SayType(id_, type, "Invalid elem");
  }
  if (array.index == 0 || !IsTypeId(array.index)) {
    return log_.SayType(id_, type, "Invalid index");
  }
  return log_.SayType(id_, type, "", Status::kOk);
}

Status Validator::CheckStruct(const Type& type) {
  if (type.name != 0 && !IsIdentifier(type.name)) {
    return log_.SayType(id_, type, "Invalid name");
  }
  (void)log_.SayType(id_, type, "", Status::kOk);
  uint32_t last_offset = 0;
  for (uint32_t i = 0; i < type.member_count; ++i) {
    EBPF_TRY(CheckMember(type, Btf::MemberAt(type, i), last_offset));
  }
  return Status::kOk;
}

/// Members may lie over each other, but in the order of their offsets.
Status Validator::CheckMember(const Type& type, const Member& member,
                              uint32_t& last_offset) {
  if (!IsNameOffset(member.name)) {
    return log_.SayMemberName(type, member);
  }
  if (member.name != 0 && !IsIdentifier(member.name)) {
    return log_.SayMember(type, member, "Invalid name");
  }
  if (member.type == 0 || !IsTypeId(member.type)) {
    return log_.SayMember(type, member, "Invalid type_id");
  }
  if ((type.kind == Kind::kUnion && member.bit_offset != 0) ||
      last_offset > member.bit_offset) {
    return log_.SayMember(type, member, "Invalid member bits_offset");
  }
  if ((uint64_t{member.bit_offset} + 7) / 8 > type.size_or_type) {
    return log_.SayMember(type, member,
                          "Member bits_offset exceeds its struct size");
  }
  last_offset = member.bit_offset;
  (void)log_.SayMember(type, member, "");
  return Status::kOk;
}

Status Validator::CheckEnum(const Type& type) {
  if (type.size_or_type > 8 || !IsPowerOfTwo(type.size_or_type)) {
    return log_.SayType(id_, type, "Unexpected size");
  }
  if (type.name != 0 && !IsIdentifier(type.name)) {
    return log_.SayType(id_, type, "Invalid name");
  }
  (void)log_.SayType(id_, type, "", Status::kOk);
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const EnumValue value = Btf::EnumValueAt(type, i);
    if (!IsNameOffset(value.name)) {
      if (log_.enabled()) {
        log_.writer().Put("\tInvalid name_offset:").PutUnsigned(value.name);
      }
      return Status::kInvalid;
    }
    if (!IsIdentifier(value.name)) {
      return log_.SayType(id_, type, "Invalid name");
    }
    log_.SayEnumValue(type, value);
  }
  return Status::kOk;
}

Status Validator::CheckProto(const Type& type) {
  if (type.name != 0) {
    return log_.SayType(id_, type, "Invalid name");
  }
  EBPF_TRY(CheckNoFlag(type));
  return log_.SayType(id_, type, "", Status::kOk);
}

Status Validator::CheckFunction(const Type& type) {
  if (!IsIdentifier(type.name)) {
    return log_.SayType(id_, type, "Invalid name");
  }
  // Functions that the kernel provides are none of a program's.
  if (Btf::LinkageOf(type) != Linkage::kStatic &&
      Btf::LinkageOf(type) != Linkage::kGlobal) {
    return log_.SayType(id_, type, "Invalid func linkage");
  }
  EBPF_TRY(CheckNoFlag(type));
  return log_.SayType(id_, type, "", Status::kOk);
}

Status Validator::CheckVariable(const Type& type) {
  EBPF_TRY(CheckNoCount(type));
  EBPF_TRY(CheckNoFlag(type));
  if (!IsIdentifier(type.name)) {
    return log_.SayType(id_, type, "Invalid name");
  }
  if (type.size_or_type == 0 || !IsTypeId(type.size_or_type)) {
    return log_.SayType(id_, type, "Invalid type_id");
  }
  if (Btf::LinkageOf(type) != Linkage::kStatic &&
      Btf::LinkageOf(type) != Linkage::kGlobal) {
    return log_.SayType(id_, type, "Linkage not supported");
  }
  return log_.SayType(id_, type, "", Status::kOk);
}

Status Validator::CheckDataSection(const Type& type) {
  if (type.size_or_type == 0) {
    return log_.SayType(id_, type, "size == 0");
  }
  EBPF_TRY(CheckNoFlag(type));
  if (!IsSectionName(type.name)) {
    return log_.SayType(id_, type, "Invalid name");
  }
  (void)log_.SayType(id_, type, "", Status::kOk);
  uint64_t end = 0;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const SectionVariable variable = Btf::VariableAt(type, i);
    if (variable.type == 0 || !IsTypeId(variable.type)) {
      return log_.SayVariable(variable, "Invalid type_id");
    }
    if (variable.offset < end || variable.offset >= type.size_or_type) {
      return log_.SayVariable(variable, "Invalid offset");
    }
    if (variable.size == 0 || variable.size > type.size_or_type) {
      return log_.SayVariable(variable, "Invalid size");
    }
    end = uint64_t{variable.offset} + variable.size;
    if (end > type.size_or_type) {
      return log_.SayVariable(variable, "Invalid offset+size");
    }
    (void)log_.SayVariable(variable, "");
    sum += variable.size;
  }
  return type.size_or_type < sum
             ? log_.SayType(id_, type, "Invalid btf_info size")
             : Status::kOk;
}

Status Validator::CheckFloat(const Type& type) {
  EBPF_TRY(CheckNoCount(type));
  EBPF_TRY(CheckNoFlag(type));
  switch (type.size_or_type) {
    case 2:
    case 4:
    case 8:
    case 12:
    case 16:
      return log_.SayType(id_, type, "", Status::kOk);
    default:
      return log_.SayType(id_, type, "Invalid type_size");
  }
}

Status Validator::CheckDeclTag(const Type& type) {
  if (IsEmptyName(type.name)) {
    return log_.SayType(id_, type, "Invalid value");
  }
  EBPF_TRY(CheckNoCount(type));
  EBPF_TRY(CheckNoFlag(type));
  if (Btf::TagComponent(type) < kWholeType) {
    return log_.SayType(id_, type, "Invalid component_idx");
  }
  return log_.SayType(id_, type, "", Status::kOk);
}

}  // namespace ebpf::btf
