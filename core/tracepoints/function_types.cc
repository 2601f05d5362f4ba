// SPDX-License-Identifier: MIT
//
// core/tracepoints/function_types.h's implementation. What is refused, in which
// words and where, is Linux's.
#include "core/tracepoints/function_types.h"

#include "core/btf/struct_access.h"

namespace ebpf {
namespace {

Status Fail(ProbeError& error, ProbeErrorKind kind, size_t position,
            Status status = Status::kInvalid) {
  error = {kind, position};
  return status;
}

/// A name, and what joins it to the next one.
struct Name {
  StringView text;
  size_t next = 0;  // where that is; 0: there is none
  bool is_arrow = false;
};

/// The first name of `text`. False: there is half an arrow, at `next`.
bool TakeName(StringView text, Name& name) {
  size_t end = 0;
  while (end < text.size() && text[end] != '.' && text[end] != '-') {
    ++end;
  }
  name = {text.First(end)};
  if (end == text.size()) {
    return true;
  }
  name.is_arrow = text.Substring(end).StartsWith("->");
  if (!name.is_arrow && text[end] == '-') {
    name.next = end;
    return false;
  }
  name.next = end + (name.is_arrow ? 2 : 1);
  return true;
}

}  // namespace

FunctionTypes::FunctionTypes(const btf::Btf& btf, StringView symbol)
    : btf_(&btf) {
  const Result<btf::TypeId> id = btf.Find(btf::Kind::kFunction, symbol);
  if (!id.ok()) {
    return;
  }
  const Result<btf::Type> function = btf.TypeAt(*id);
  if (!function.ok()) {
    return;
  }
  const Result<btf::Type> prototype = btf.TypeAt(function->size_or_type);
  if (!prototype.ok() || prototype->kind != btf::Kind::kFunctionProto) {
    return;
  }
  is_known_ = true;
  prototype_ = *prototype;
  count_ = prototype->member_count;
  // "..." is none.
  if (count_ != 0 && btf::Btf::ParamAt(prototype_, count_ - 1).type == 0) {
    --count_;
  }
}

Result<StringView> FunctionTypes::ParameterName(uint32_t index) const {
  const StringView name =
      EBPF_TRY(btf_->Name(btf::Btf::ParamAt(prototype_, index).name));
  return IsIdentifier(name) ? Result<StringView>(name) : Status::kInvalid;
}

Status FunctionTypes::Find(StringView text, bool is_return, TypedWay& way,
                           ProbeError& error) const {
  way = TypedWay();
  Name name;
  if (!TakeName(text, name)) {
    return Fail(error, ProbeErrorKind::kHalfArrow, name.next);
  }
  if (name.next != 0 && !name.is_arrow) {
    return Fail(error, ProbeErrorKind::kMemberOfValue, name.next,
                Status::kNotSupported);
  }
  EBPF_TRY(FindVariable(name.text, is_return, way, error));
  if (name.next == 0) {
    return Status::kOk;
  }
  if (way.type == 0) {  // a result that nobody knows
    return Fail(error, ProbeErrorKind::kFunctionNotInTypes, name.next,
                Status::kNotFound);
  }
  return FindMembers(text.Substring(name.next), name.next, way, error);
}

Status FunctionTypes::FindVariable(StringView name, bool is_return,
                                   TypedWay& way, ProbeError& error) const {
  btf::TypeId type = 0;
  if (is_return && name == "$retval") {
    way.is_result = true;
    if (!is_known_) {
      return Status::kOk;
    }
    type = prototype_.size_or_type;
    if (type == 0) {
      return Fail(error, ProbeErrorKind::kReturnsNothing, 0, Status::kNotFound);
    }
  } else {
    if (parameter_count() == 0) {
      return Fail(error, ProbeErrorKind::kFunctionNotInTypes, 0,
                  Status::kNotFound);
    }
    while (way.parameter < count_) {
      const Result<StringView> its_name = ParameterName(way.parameter);
      if (its_name.ok() && *its_name == name) {
        break;
      }
      ++way.parameter;
    }
    if (way.parameter == count_) {
      return Fail(error, ProbeErrorKind::kNoSuchVariable, 0, Status::kNotFound);
    }
    type = btf::Btf::ParamAt(prototype_, way.parameter).type;
  }
  const Result<btf::TypeId> bare = btf_->SkipModifiers(type);
  if (!bare.ok()) {
    return Fail(error, ProbeErrorKind::kBadTypes, 0);
  }
  way.type = *bare;
  return Status::kOk;
}

Status FunctionTypes::FindMembers(StringView text, size_t at, TypedWay& way,
                                  ProbeError& error) const {
  for (bool goes_on = true; goes_on;) {
    const Result<btf::Type> pointer = btf_->TypeAt(way.type);
    if (!pointer.ok() || pointer->kind != btf::Kind::kPointer) {
      return Fail(error, ProbeErrorKind::kNotAPointer, at);
    }
    Result<btf::TypeId> type = btf_->SkipModifiers(pointer->size_or_type);
    uint32_t bits = 0;
    for (bool is_inside = true; is_inside;) {
      Name name;
      if (!TakeName(text, name)) {
        return Fail(error, ProbeErrorKind::kHalfArrow, at + name.next);
      }
      const Result<btf::Type> composite =
          type.ok() ? btf_->TypeAt(*type) : type.status();
      if (!composite.ok() || !btf::IsComposite(composite->kind)) {
        return Fail(error, ProbeErrorKind::kBadTypes, at);
      }
      const Result<btf::Member> member =
          btf::FindMember(*btf_, *type, name.text);
      if (!member.ok()) {
        const bool is_none = member.status() == Status::kNotFound;
        return Fail(
            error,
            is_none ? ProbeErrorKind::kNoSuchMember : ProbeErrorKind::kBadTypes,
            at, is_none ? Status::kNotFound : Status::kInvalid);
      }
      type = btf_->SkipModifiers(member->type);
      if (!type.ok() ||
          __builtin_add_overflow(bits, member->bit_offset, &bits)) {
        return Fail(error, ProbeErrorKind::kBadTypes, at);
      }
      way.bit_size = member->bit_size;
      is_inside = name.next != 0 && !name.is_arrow;
      goes_on = name.next != 0;
      text = text.Substring(name.next);
      at += name.next;
    }
    if (way.load_count == FetchArgument::kMaxLoads) {
      return Fail(error, ProbeErrorKind::kTooManyLoads, at);
    }
    way.loads[way.load_count++] = bits / 8;
    way.bit_offset = bits % 8;
    way.type = *type;
  }
  return Status::kOk;
}

StringView FunctionTypes::FetchTypeOf(TypedWay& way) const {
  if (way.type == 0) {
    return "";
  }
  const Result<btf::Type> type = btf_->TypeAt(way.type);
  if (!type.ok()) {
    return "";
  }
  switch (type->kind) {
    case btf::Kind::kEnum:
      return "s32";
    case btf::Kind::kEnum64:
      return "s64";
    case btf::Kind::kPointer:
      return "x64";
    case btf::Kind::kInt:
      break;
    default:
      return "";
  }
  const btf::Integer integer = btf::Btf::IntegerOf(*type);
  const bool is_signed = (integer.encoding & btf::Integer::kSigned) != 0;
  switch (integer.bits) {
    case 8:
      return is_signed ? "s8" : "u8";
    case 16:
      return is_signed ? "s16" : "u16";
    case 32:
      return is_signed ? "s32" : "u32";
    case 64:
      return is_signed ? "s64" : "u64";
    default:
      // A bit field whose type says so.
      way.bit_size = integer.bits;
      way.bit_offset =
          static_cast<uint8_t>(way.bit_offset + integer.bit_offset);
      return "u64";
  }
}

bool FunctionTypes::IsCharacter(btf::TypeId type) const {
  const Result<btf::Type> bare = btf_->Resolve(type);
  return bare.ok() && bare->kind == btf::Kind::kInt && bare->size_or_type == 1;
}

bool FunctionTypes::IsText(btf::TypeId type) const {
  const Result<btf::Type> array = btf_->TypeAt(type);
  return array.ok() && array->kind == btf::Kind::kArray &&
         IsCharacter(btf::Btf::ArrayOf(*array).element);
}

bool FunctionTypes::IsPointerToText(btf::TypeId type) const {
  const Result<btf::Type> pointer = btf_->TypeAt(type);
  return pointer.ok() && pointer->kind == btf::Kind::kPointer &&
         IsCharacter(pointer->size_or_type);
}

}  // namespace ebpf
