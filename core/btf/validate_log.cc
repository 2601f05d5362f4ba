// SPDX-License-Identifier: MIT
//
// TypeLog of core/btf/validator.h: the lines of BPF_BTF_LOAD's log, which
// clients show and match on.
#include "core/btf/validator.h"

namespace ebpf::btf {
namespace {

StringView EncodingName(uint8_t encoding) {
  switch (encoding) {
    case 0:
      return "(none)";
    case Integer::kSigned:
      return "SIGNED";
    case Integer::kChar:
      return "CHAR";
    case Integer::kBool:
      return "BOOL";
    default:
      return "UNKN";
  }
}

}  // namespace

Status TypeLog::Say(StringView text, Status status) {
  // Linux ends these lines with nothing.
  if (log_ != nullptr) {
    log_->Put(text);
  }
  return status;
}

void TypeLog::End(StringView wrong) {
  if (!wrong.empty()) {
    log_->Put(" ").Put(wrong);
  }
  log_->Put('\n');
}

Status TypeLog::SayType(TypeId id, const Type& type, StringView wrong,
                        Status status) {
  if (log_ != nullptr) {
    PutHead(id, type);
    PutDetails(type);
    End(wrong);
  }
  return status;
}

Status TypeLog::SayType(TypeId id, const Type& type, StringView wrong,
                        uint64_t number, StringView after) {
  if (log_ != nullptr) {
    PutHead(id, type);
    PutDetails(type);
    log_->Put(" ").Put(wrong).PutUnsigned(number).Put(after).Put('\n');
  }
  return Status::kInvalid;
}

Status TypeLog::SayBasic(TypeId id, const Type& type, StringView wrong,
                         uint64_t number, StringView middle,
                         uint64_t second_number) {
  if (log_ != nullptr) {
    PutHead(id, type);
    log_->Put(" ").Put(wrong);
    if (middle.empty()) {
      log_->PutHex(number);
    } else {
      log_->PutUnsigned(number).Put(middle).PutUnsigned(second_number);
    }
    log_->Put('\n');
  }
  return Status::kInvalid;
}

void TypeLog::PutName(NameOffset name) {
  if (name == 0) {
    log_->Put("(anon)");
    return;
  }
  const Result<StringView> text = btf_.Name(name);
  if (text.ok()) {
    log_->Put(*text);
  } else {
    log_->Put("(invalid-name-offset)");
  }
}

void TypeLog::PutHead(TypeId id, const Type& type) {
  log_->Put("[").PutUnsigned(id).Put("] ").Put(KindName(type.kind)).Put(' ');
  PutName(type.name);
}

void TypeLog::PutDetails(const Type& type) {
  const auto put = [this](StringView what, uint64_t number) {
    log_->Put(what).PutUnsigned(number);
  };
  switch (type.kind) {
    case Kind::kInt: {
      const Integer integer = Btf::IntegerOf(type);
      put(" size=", type.size_or_type);
      put(" bits_offset=", integer.bit_offset);
      put(" nr_bits=", integer.bits);
      log_->Put(" encoding=").Put(EncodingName(integer.encoding));
      break;
    }
    case Kind::kArray: {
      const Array array = Btf::ArrayOf(type);
      put(" type_id=", array.element);
      put(" index_type_id=", array.index);
      put(" nr_elems=", array.count);
      break;
    }
    case Kind::kStruct:
    case Kind::kUnion:
    case Kind::kEnum:
    case Kind::kEnum64:
    case Kind::kDataSection:
      put(" size=", type.size_or_type);
      put(" vlen=", type.member_count);
      break;
    case Kind::kForward:
      log_->Put(type.kind_flag ? " union" : " struct");
      break;
    case Kind::kFunctionProto:
      PutParameters(type);
      break;
    case Kind::kVariable:
      put(" type_id=", type.size_or_type);
      put(" linkage=", static_cast<uint32_t>(Btf::LinkageOf(type)));
      break;
    case Kind::kFloat:
      put(" size=", type.size_or_type);
      break;
    case Kind::kDeclTag:
      put(" type=", type.size_or_type);
      log_->Put(" component_idx=").PutSigned(Btf::TagComponent(type));
      break;
    default:
      put(" type_id=", type.size_or_type);
      break;
  }
}

void TypeLog::PutParameters(const Type& type) {
  log_->Put(" return=").PutUnsigned(type.size_or_type).Put(" args=(");
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const Parameter parameter = Btf::ParamAt(type, i);
    log_->Put(i == 0 ? "" : ", ");
    if (parameter.type == 0 && i + 1 == type.member_count) {
      log_->Put("vararg");
    } else {
      log_->PutUnsigned(parameter.type).Put(' ');
      PutName(parameter.name);
    }
  }
  log_->Put(type.member_count == 0 ? "void)" : ")");
}

void TypeLog::PutMember(const Type& type, const Member& member) {
  log_->Put('\t');
  PutName(member.name);
  log_->Put(" type_id=").PutUnsigned(member.type);
  if (type.kind_flag) {
    log_->Put(" bitfield_size=").PutUnsigned(member.bit_size);
  }
  log_->Put(" bits_offset=").PutUnsigned(member.bit_offset);
}

Status TypeLog::SayMember(const Type& type, const Member& member,
                          StringView wrong) {
  if (log_ != nullptr) {
    PutMember(type, member);
    End(wrong);
  }
  return Status::kInvalid;
}

Status TypeLog::SayMemberName(const Type& type, const Member& member) {
  if (log_ != nullptr) {
    PutMember(type, member);
    log_->Put(" Invalid member name_offset:").PutUnsigned(member.name);
    log_->Put('\n');
  }
  return Status::kInvalid;
}

Status TypeLog::SayVariable(const SectionVariable& variable, StringView wrong) {
  if (log_ != nullptr) {
    log_->Put("\t type_id=").PutUnsigned(variable.type);
    log_->Put(" offset=").PutUnsigned(variable.offset);
    log_->Put(" size=").PutUnsigned(variable.size);
    End(wrong);
  }
  return Status::kInvalid;
}

void TypeLog::SayEnumValue(const Type& type, const EnumValue& value) {
  if (log_ != nullptr) {
    log_->Put('\t');
    PutName(value.name);
    log_->Put(" val=");
    if (type.kind_flag) {
      log_->PutSigned(static_cast<int64_t>(value.value));
    } else {
      log_->PutUnsigned(value.value);
    }
    log_->Put('\n');
  }
}

}  // namespace ebpf::btf
