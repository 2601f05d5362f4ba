// SPDX-License-Identifier: MIT
//
// Validate's second phase: follows what each type refers to.
//
// A stack holds the types between the one in question and the one being looked
// at; what is found on it again is a loop. Pointers may lead back to the struct
// that holds them: so a way that began with pointers ends at a struct, one that
// began with a struct ends at a pointer, and both are followed on their own
// (EndsHere). A type whose way is known is resolved: its id behind modifiers
// and, of an array, its size are kept, so that all is done once.
#include "core/btf/validator.h"

namespace ebpf::btf {
namespace {

bool IsModifier(Kind kind) {
  return kind == Kind::kTypedef || kind == Kind::kVolatile ||
         kind == Kind::kConst || kind == Kind::kRestrict ||
         kind == Kind::kTypeTag;
}

/// What others may not refer to.
bool IsSourceOnly(Kind kind) {
  return kind == Kind::kVariable || kind == Kind::kDeclTag ||
         kind == Kind::kDataSection;
}

bool HasNoSize(Kind kind) {
  return kind == Kind::kVoid || kind == Kind::kForward ||
         kind == Kind::kFunction || kind == Kind::kFunctionProto ||
         kind == Kind::kDeclTag;
}

bool HasWay(Kind kind) {
  return IsModifier(kind) || IsComposite(kind) || IsSourceOnly(kind) ||
         kind == Kind::kPointer || kind == Kind::kArray ||
         kind == Kind::kFunction;
}

bool IsRegularInt(const Type& type) {
  const Integer integer = Btf::IntegerOf(type);
  const uint32_t bytes = integer.bits / 8;
  return integer.bits % 8 == 0 && integer.bit_offset == 0 &&
         (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16);
}

}  // namespace

Status Validator::ResolveAll() {
  for (TypeId id = btf_.first_id_; id < btf_.type_count(); ++id) {
    const Type type = EBPF_TRY(btf_.TypeAt(id));
    id_ = id;
    if (HasWay(type.kind) && !IsResolved(id)) {
      EBPF_TRY(ResolveFrom(id, type));
    }
    if (type.kind == Kind::kFunctionProto) {
      EBPF_TRY(CheckFunctionProto(id, type));
    }
  }
  return Status::kOk;
}

Status Validator::ResolveFrom(TypeId id, const Type& type) {
  way_ = Way::kUndecided;
  depth_ = 0;
  Status status = Push(id, type);
  while (IsOk(status) && depth_ != 0) {
    id_ = frames_[depth_ - 1].id;
    status = Step();
  }
  id_ = id;
  if (status == Status::kTooBig) {
    return log_.SayType(id, type, "Exceeded max resolving depth:32", status);
  }
  if (status == Status::kExists) {
    return log_.SayType(id, type, "Loop detected", status);
  }
  return status;
}

Status Validator::Push(TypeId id, const Type& type) {
  if (depth_ == kMaxTypeDepth) {
    return Status::kTooBig;
  }
  if (id < btf_.first_id_ || states_[id - btf_.first_id_ + 1] != State::kNew) {
    return Status::kExists;
  }
  states_[id - btf_.first_id_ + 1] = State::kOpen;
  frames_[depth_++] = {id, type, 0};
  if (way_ == Way::kUndecided) {
    if (type.kind == Kind::kPointer) {
      way_ = Way::kPointer;
    } else if (IsComposite(type.kind) || type.kind == Kind::kArray) {
      way_ = Way::kAggregate;
    }
  }
  return Status::kOk;
}

void Validator::Pop(TypeId resolved, uint32_t size) {
  const size_t at = frames_[--depth_].id - btf_.first_id_ + 1;
  states_[at] = State::kResolved;
  resolved_ids_[at] = resolved;
  resolved_sizes_[at] = size;
}

bool Validator::EndsHere(const Type& type) const {
  switch (way_) {
    case Way::kUndecided:
      return !HasWay(type.kind);
    case Way::kPointer:
      return !IsModifier(type.kind) && type.kind != Kind::kPointer;
    case Way::kAggregate:
      return !IsModifier(type.kind) && !IsComposite(type.kind) &&
             type.kind != Kind::kArray;
  }
  return true;
}

bool Validator::IsResolved(TypeId id) const {
  // A base was judged before.
  return id < btf_.first_id_ ||
         states_[id - btf_.first_id_ + 1] == State::kResolved;
}

bool Validator::NeedsStep(TypeId id, const Type& type) const {
  return !EndsHere(type) && !IsResolved(id);
}

/// Of a modifier or function that is resolved.
TypeId Validator::ResolvedId(TypeId id) const {
  if (id < btf_.first_id_) {
    const Result<Type> type = btf_.TypeAt(id);
    return type.ok() && type->kind == Kind::kFunction
               ? type->size_or_type
               : btf_.SkipModifiers(id).ValueOr(0);
  }
  return resolved_ids_[id - btf_.first_id_ + 1];
}

Result<Validator::Sized> Validator::SizedType(TypeId id) const {
  Sized sized{id, EBPF_TRY(btf_.TypeAt(id)), 0};
  if (IsModifier(sized.type.kind) || sized.type.kind == Kind::kVariable) {
    sized.id = ResolvedId(id);
    sized.type = EBPF_TRY(btf_.TypeAt(sized.id));
  }
  if (HasNoSize(sized.type.kind) || IsModifier(sized.type.kind) ||
      sized.type.kind == Kind::kVariable) {
    return Status::kNotFound;
  }
  if (sized.type.kind == Kind::kPointer) {
    sized.size = 8;
  } else if (sized.type.kind != Kind::kArray) {
    sized.size = sized.type.size_or_type;
  } else if (sized.id < btf_.first_id_) {
    sized.size = EBPF_TRY(btf_.SizeOf(sized.id));
  } else {
    sized.size = resolved_sizes_[sized.id - btf_.first_id_ + 1];
  }
  return sized;
}

/// What is behind a type without size, if pointers and modifiers may refer to
/// it; kInvalid otherwise. A function that was judged before stands for its
/// prototype, as in Linux.
Result<TypeId> Validator::UnsizedType(TypeId id) const {
  Type type = EBPF_TRY(btf_.TypeAt(id));
  if ((IsModifier(type.kind) || type.kind == Kind::kFunction) &&
      IsResolved(id)) {
    id = ResolvedId(id);
    type = EBPF_TRY(btf_.TypeAt(id));
  }
  const bool allowed = type.kind == Kind::kVoid ||
                       type.kind == Kind::kForward ||
                       type.kind == Kind::kFunctionProto;
  return allowed ? Result<TypeId>(id) : Result<TypeId>(Status::kInvalid);
}

Status Validator::Step() {
  Frame& frame = frames_[depth_ - 1];
  switch (frame.type.kind) {
    case Kind::kPointer:
      return StepPointer(frame);
    case Kind::kArray:
      return StepArray(frame);
    case Kind::kStruct:
    case Kind::kUnion:
      return StepStruct(frame);
    case Kind::kVariable:
      return StepVariable(frame);
    case Kind::kDataSection:
      return StepDataSection(frame);
    case Kind::kFunction:
      return StepFunction(frame);
    case Kind::kDeclTag:
      return StepDeclTag(frame);
    default:
      return StepModifier(frame);
  }
}

Status Validator::StepModifier(const Frame& frame) {
  const TypeId next_id = frame.type.size_or_type;
  const Result<Type> next = btf_.TypeAt(next_id);
  if (!next.ok() || IsSourceOnly(next->kind)) {
    return log_.SayType(frame.id, frame.type, "Invalid type_id");
  }
  if (NeedsStep(next_id, *next)) {
    return Push(next_id, *next);
  }
  return PopAs(frame, next_id);
}

/// What a modifier or pointer refers to is known.
Status Validator::PopAs(const Frame& frame, TypeId next_id) {
  const Result<Sized> sized = SizedType(next_id);
  const Result<TypeId> behind =
      sized.ok() ? Result<TypeId>(sized->id) : UnsizedType(next_id);
  if (!behind.ok()) {
    return log_.SayType(frame.id, frame.type, "Invalid type_id");
  }
  Pop(*behind, 0);
  return Status::kOk;
}

/// A modifier may be resolved to a pointer that is not itself: on a way that
/// began with a struct. A way of pointers goes on there.
Status Validator::StepThroughModifier(const Frame& frame, TypeId next_id,
                                      bool& pushed) {
  const Result<Type> next = btf_.TypeAt(next_id);
  if (!next.ok() || IsSourceOnly(next->kind)) {
    return log_.SayType(frame.id, frame.type, "Invalid type_id");
  }
  pushed = true;
  if (NeedsStep(next_id, *next)) {
    return Push(next_id, *next);
  }
  if (IsModifier(next->kind)) {
    const TypeId behind_id = ResolvedId(next_id);
    const Type behind = EBPF_TRY(btf_.TypeAt(behind_id));
    if (behind.kind == Kind::kPointer && NeedsStep(behind_id, behind)) {
      return Push(behind_id, behind);
    }
  }
  pushed = false;
  return Status::kOk;
}

Status Validator::StepPointer(const Frame& frame) {
  const TypeId next = frame.type.size_or_type;
  bool pushed = false;
  EBPF_TRY(StepThroughModifier(frame, next, pushed));
  if (pushed) {
    return Status::kOk;
  }
  return PopAs(frame, next);
}

Status Validator::StepVariable(const Frame& frame) {
  bool pushed = false;
  EBPF_TRY(StepThroughModifier(frame, frame.type.size_or_type, pushed));
  if (pushed) {
    return Status::kOk;
  }
  const Result<Sized> sized = SizedType(frame.type.size_or_type);
  if (!sized.ok()) {
    return log_.SayType(frame.id, frame.type, "Invalid type_id");
  }
  Pop(sized->id, 0);
  return Status::kOk;
}

Status Validator::StepArray(const Frame& frame) {
  const Array array = Btf::ArrayOf(frame.type);
  const Result<Type> index = btf_.TypeAt(array.index);
  if (!index.ok() || HasNoSize(index->kind) || IsSourceOnly(index->kind)) {
    return log_.SayType(frame.id, frame.type, "Invalid index");
  }
  if (NeedsStep(array.index, *index)) {
    return Push(array.index, *index);
  }
  const Result<Sized> number = SizedType(array.index);
  if (!number.ok() || number->type.kind != Kind::kInt ||
      !IsRegularInt(number->type)) {
    return log_.SayType(frame.id, frame.type, "Invalid index");
  }
  const Result<Type> element = btf_.TypeAt(array.element);
  if (!element.ok() || HasNoSize(element->kind) ||
      IsSourceOnly(element->kind)) {
    return log_.SayType(frame.id, frame.type, "Invalid elem");
  }
  if (NeedsStep(array.element, *element)) {
    return Push(array.element, *element);
  }
  const Result<Sized> sized = SizedType(array.element);
  if (!sized.ok()) {
    return log_.SayType(frame.id, frame.type, "Invalid elem");
  }
  if (sized->type.kind == Kind::kInt && !IsRegularInt(sized->type)) {
    return log_.SayType(frame.id, frame.type, "Invalid array of int");
  }
  const uint64_t size = uint64_t{sized->size} * array.count;
  if (size > UINT32_MAX) {
    return log_.SayType(frame.id, frame.type, "Array size overflows U32_MAX");
  }
  Pop(sized->id, static_cast<uint32_t>(size));
  return Status::kOk;
}

Status Validator::StepStruct(Frame& frame) {
  // Stands where it left off: a member is placed once it is resolved.
  while (frame.next < frame.type.member_count) {
    const Member member = Btf::MemberAt(frame.type, frame.next);
    const Result<Type> type = btf_.TypeAt(member.type);
    if (!type.ok() || HasNoSize(type->kind) || IsSourceOnly(type->kind)) {
      return SayMember(frame.type, member, "Invalid member");
    }
    if (NeedsStep(member.type, *type)) {
      return Push(member.type, *type);
    }
    EBPF_TRY(CheckPlacement(frame, member));
    ++frame.next;
  }
  Pop(0, 0);
  return Status::kOk;
}

Status Validator::StepDataSection(Frame& frame) {
  way_ = Way::kUndecided;
  while (frame.next < frame.type.member_count) {
    const SectionVariable entry = Btf::VariableAt(frame.type, frame.next);
    const auto complain = [&](StringView wrong) {
      (void)log_.SayType(id_, frame.type, "");
      return log_.SayVariable(entry, wrong);
    };
    const Result<Type> variable = btf_.TypeAt(entry.type);
    if (!variable.ok() || variable->kind != Kind::kVariable) {
      return complain("Not a VAR kind member");
    }
    if (NeedsStep(entry.type, *variable)) {
      return Push(entry.type, *variable);
    }
    const Result<Sized> sized = SizedType(variable->size_or_type);
    if (!sized.ok()) {
      return complain("Invalid type");
    }
    if (entry.size < sized->size) {
      return complain("Invalid size");
    }
    ++frame.next;
  }
  Pop(0, 0);
  return Status::kOk;
}

Status Validator::StepFunction(const Frame& frame) {
  const Result<Type> proto = btf_.TypeAt(frame.type.size_or_type);
  if (!proto.ok() || proto->kind != Kind::kFunctionProto) {
    return log_.SayType(frame.id, frame.type, "Invalid type_id");
  }
  // A function has names for its parameters, a prototype need not.
  for (uint32_t i = 0; i < proto->member_count; ++i) {
    const Parameter parameter = Btf::ParamAt(*proto, i);
    if (parameter.name == 0 && parameter.type != 0) {
      return log_.SayType(frame.id, frame.type, "Invalid arg#", i + 1);
    }
  }
  Pop(frame.type.size_or_type, 0);
  return Status::kOk;
}

Status Validator::StepDeclTag(const Frame& frame) {
  const TypeId target_id = frame.type.size_or_type;
  const Result<Type> target = btf_.TypeAt(target_id);
  if (!target.ok() ||
      (target->kind != Kind::kFunction && !IsComposite(target->kind) &&
       target->kind != Kind::kVariable && target->kind != Kind::kTypedef)) {
    return log_.SayType(frame.id, frame.type, "Invalid type_id");
  }
  if (NeedsStep(target_id, *target)) {
    return Push(target_id, *target);
  }
  const int32_t component = Btf::TagComponent(frame.type);
  uint32_t components = 0;
  if (IsComposite(target->kind)) {
    components = target->member_count;
  } else if (target->kind == Kind::kFunction) {
    components = EBPF_TRY(btf_.TypeAt(target->size_or_type)).member_count;
  }
  if (component != kWholeType &&
      static_cast<uint32_t>(component) >= components) {
    return log_.SayType(frame.id, frame.type, "Invalid component_idx");
  }
  Pop(target_id, 0);
  return Status::kOk;
}

/// `argument` is 0 for what the function returns.
Status Validator::CheckProtoType(TypeId proto_id, const Type& proto, TypeId id,
                                 StringView wrong, uint32_t argument) {
  const auto complain = [&] {
    return argument == 0 ? log_.SayType(id_, proto, wrong)
                         : log_.SayType(id_, proto, wrong, argument);
  };
  const Result<Type> type = btf_.TypeAt(id);
  if (!type.ok() || IsSourceOnly(type->kind)) {
    return complain();
  }
  if (HasWay(type->kind) && !IsResolved(id)) {
    EBPF_TRY(ResolveFrom(id, *type));
  }
  id_ = proto_id;
  return SizedType(id).ok() ? Status::kOk : complain();
}

Status Validator::CheckFunctionProto(TypeId id, const Type& proto) {
  if (proto.size_or_type != 0) {
    EBPF_TRY(CheckProtoType(id, proto, proto.size_or_type,
                            "Invalid return type", 0));
  }
  uint32_t count = proto.member_count;
  // The last one may be "...".
  if (count != 0 && Btf::ParamAt(proto, count - 1).type == 0) {
    if (Btf::ParamAt(proto, count - 1).name != 0) {
      return log_.SayType(id_, proto, "Invalid arg#", count);
    }
    --count;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const Parameter parameter = Btf::ParamAt(proto, i);
    const bool named = parameter.name != 0;
    const Result<Type> type = btf_.TypeAt(parameter.type);
    if (type.ok() && !IsSourceOnly(type->kind) && named &&
        !IsIdentifier(parameter.name)) {
      return log_.SayType(id_, proto, "Invalid arg#", i + 1);
    }
    EBPF_TRY(CheckProtoType(id, proto, parameter.type, "Invalid arg#", i + 1));
  }
  return Status::kOk;
}

/// Type tags come first in a chain of modifiers.
Status Validator::CheckTypeTags() {
  for (TypeId id = btf_.first_id_; id < btf_.type_count(); ++id) {
    const Type type = EBPF_TRY(btf_.TypeAt(id));
    if (IsModifier(type.kind) && type.kind != Kind::kTypeTag &&
        EBPF_TRY(btf_.TypeAt(type.size_or_type)).kind == Kind::kTypeTag) {
      return log_.Say("Type tags don't precede modifiers");
    }
  }
  return Status::kOk;
}

}  // namespace ebpf::btf
