// SPDX-License-Identifier: MIT
//
// core/btf/core_match.h's implementation.
//
// Compare walks pairs of types: Look answers for a pair or descends into it,
// which makes a frame; NextChild gives a frame's next pair, AnswerChild takes
// the answer for it. Prototypes want all their pairs to be alike, structs for
// each member of the program's one of the kernel's.
#include "core/btf/core_match.h"

namespace ebpf::btf {
namespace {

bool IsPlainInt(const Type& type) {
  return Btf::IntegerOf(type).bit_offset == 0;
}

}  // namespace

bool AreKindsCompatible(Kind local, Kind target) {
  return local == target || (IsAnyEnum(local) && IsAnyEnum(target));
}

Result<bool> TypeMatcher::DoNamesMatch(NameOffset local, NameOffset target) {
  EBPF_TRY(budget_.Spend());
  return EssentialName(EBPF_TRY(local_.Name(local))) ==
         EssentialName(EBPF_TRY(target_.Name(target)));
}

Result<bool> TypeMatcher::AreFieldsCompatible(TypeId local_id,
                                              TypeId target_id) {
  for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
    const Type local = EBPF_TRY(local_.Resolve(local_id));
    const Type target = EBPF_TRY(target_.Resolve(target_id));
    if (IsComposite(local.kind) && IsComposite(target.kind)) {
      return true;
    }
    if (!AreKindsCompatible(local.kind, target.kind)) {
      return false;
    }
    switch (local.kind) {
      case Kind::kPointer:
      case Kind::kFloat:
        return true;
      case Kind::kForward:
      case Kind::kEnum:
      case Kind::kEnum64: {
        // One without a name is as good as any.
        const StringView name = EBPF_TRY(local_.Name(local.name));
        const StringView other = EBPF_TRY(target_.Name(target.name));
        return name.empty() || other.empty() ||
               EssentialName(name) == EssentialName(other);
      }
      case Kind::kInt:
        return IsPlainInt(local) && IsPlainInt(target);
      case Kind::kArray:
        local_id = Btf::ArrayOf(local).element;
        target_id = Btf::ArrayOf(target).element;
        break;
      default:
        return false;
    }
  }
  return Status::kInvalid;
}

Result<bool> TypeMatcher::AreTypesCompatible(TypeId local, TypeId target) {
  // Before typedefs are skipped: a typedef is no struct.
  if (!AreKindsCompatible(EBPF_TRY(local_.TypeAt(local)).kind,
                          EBPF_TRY(target_.TypeAt(target)).kind)) {
    return false;
  }
  return Compare(Rule::kCompatible, local, target);
}

Result<bool> TypeMatcher::DoTypesMatch(TypeId local, TypeId target) {
  // Even if both are typedefs, their own names count.
  const Type local_type = EBPF_TRY(local_.TypeAt(local));
  const Type target_type = EBPF_TRY(target_.TypeAt(target));
  if (!EBPF_TRY(DoNamesMatch(local_type.name, target_type.name))) {
    return false;
  }
  return Compare(Rule::kMatches, local, target);
}

Result<bool> TypeMatcher::Compare(Rule rule, TypeId local, TypeId target) {
  uint32_t depth = 0;
  Frame at{local, target, 0, 0, false};
  for (;;) {
    Answer answer = EBPF_TRY(Look(rule, at));
    if (answer == Answer::kDescend) {
      if (depth == kMaxTypeDepth) {
        return Status::kInvalid;
      }
      Frame& frame = frames_[depth++];
      frame = at;
      answer = EBPF_TRY(NextChild(frame, at));
      depth -= answer != Answer::kDescend;
    }
    // Frames that are done answer to those above.
    while (answer != Answer::kDescend) {
      if (depth == 0) {
        return answer == Answer::kYes;
      }
      answer = EBPF_TRY(AnswerChild(frames_[depth - 1], answer, at));
      depth -= answer != Answer::kDescend;
    }
  }
}

Result<TypeMatcher::Answer> TypeMatcher::Look(Rule rule, Frame& at) {
  for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
    EBPF_TRY(budget_.Spend());
    at.local = EBPF_TRY(local_.SkipModifiers(at.local));
    at.target = EBPF_TRY(target_.SkipModifiers(at.target));
    const Type local = EBPF_TRY(local_.TypeAt(at.local));
    const Type target = EBPF_TRY(target_.TypeAt(at.target));
    if (rule == Rule::kMatches &&
        !EBPF_TRY(DoNamesMatch(local.name, target.name))) {
      return Answer::kNo;
    }
    if (local.kind == Kind::kPointer && target.kind == Kind::kPointer) {
      at.behind_pointer = true;
      at.local = local.size_or_type;
      at.target = target.size_or_type;
      continue;
    }
    if (local.kind == Kind::kArray && target.kind == Kind::kArray) {
      if (rule == Rule::kMatches &&
          Btf::ArrayOf(local).count != Btf::ArrayOf(target).count) {
        return Answer::kNo;
      }
      at.local = Btf::ArrayOf(local).element;
      at.target = Btf::ArrayOf(target).element;
      continue;
    }
    if (local.kind == Kind::kFunctionProto && target.kind == local.kind) {
      return local.member_count == target.member_count ? Answer::kDescend
                                                       : Answer::kNo;
    }
    if (rule == Rule::kMatches) {
      return LookClosely(at, local, target);
    }
    if (!AreKindsCompatible(local.kind, target.kind)) {
      return Answer::kNo;
    }
    switch (local.kind) {
      case Kind::kInt:
        return IsPlainInt(local) && IsPlainInt(target) ? Answer::kYes
                                                       : Answer::kNo;
      case Kind::kVoid:
      case Kind::kStruct:
      case Kind::kUnion:
      case Kind::kEnum:
      case Kind::kEnum64:
      case Kind::kForward:
        return Answer::kYes;
      default:
        return Answer::kNo;
    }
  }
  return Status::kInvalid;
}

/// What is no pointer, array or prototype, for DoTypesMatch.
Result<TypeMatcher::Answer> TypeMatcher::LookClosely(const Frame& at,
                                                     const Type& local,
                                                     const Type& target) {
  const auto answer = [](bool yes) { return yes ? Answer::kYes : Answer::kNo; };
  // A forward's kind_flag says that it is a union's.
  if (local.kind == Kind::kForward && at.behind_pointer &&
      IsComposite(target.kind)) {
    return answer(local.kind_flag == (target.kind == Kind::kUnion));
  }
  if (target.kind == Kind::kForward && at.behind_pointer &&
      IsComposite(local.kind)) {
    return answer(target.kind_flag == (local.kind == Kind::kUnion));
  }
  if (!AreKindsCompatible(local.kind, target.kind)) {
    return Answer::kNo;
  }
  switch (local.kind) {
    case Kind::kVoid:
      return Answer::kYes;
    case Kind::kForward:
      return answer(local.kind_flag == target.kind_flag);
    case Kind::kEnum:
    case Kind::kEnum64:
      return DoEnumsMatch(local, target);
    case Kind::kInt:
      return answer(
          local.size_or_type == target.size_or_type &&
          ((Btf::IntegerOf(local).encoding ^ Btf::IntegerOf(target).encoding) &
           Integer::kSigned) == 0);
    case Kind::kStruct:
    case Kind::kUnion:
      if (at.behind_pointer) {
        return Answer::kYes;
      }
      return local.member_count <= target.member_count ? Answer::kDescend
                                                       : Answer::kNo;
    default:
      return Answer::kNo;
  }
}

/// The pair that decides on `frame` next, if it is not decided yet.
Result<TypeMatcher::Answer> TypeMatcher::NextChild(Frame& frame, Frame& child) {
  const Type local = EBPF_TRY(local_.TypeAt(frame.local));
  const Type target = EBPF_TRY(target_.TypeAt(frame.target));
  if (local.kind == Kind::kFunctionProto) {
    if (frame.next > local.member_count) {
      return Answer::kYes;
    }
    const bool at_end = frame.next == local.member_count;
    child.local =
        at_end ? local.size_or_type : Btf::ParamAt(local, frame.next).type;
    child.target =
        at_end ? target.size_or_type : Btf::ParamAt(target, frame.next).type;
  } else {
    if (frame.next == local.member_count) {
      return Answer::kYes;
    }
    const Member member = Btf::MemberAt(local, frame.next);
    while (frame.next_target < target.member_count &&
           !EBPF_TRY(DoNamesMatch(
               member.name, Btf::MemberAt(target, frame.next_target).name))) {
      ++frame.next_target;
    }
    if (frame.next_target == target.member_count) {
      return Answer::kNo;
    }
    child.local = member.type;
    child.target = Btf::MemberAt(target, frame.next_target).type;
  }
  child.next = 0;
  child.next_target = 0;
  child.behind_pointer = frame.behind_pointer;
  return Answer::kDescend;
}

Result<TypeMatcher::Answer> TypeMatcher::AnswerChild(Frame& frame,
                                                     Answer answer,
                                                     Frame& child) {
  if (answer == Answer::kYes) {
    ++frame.next;
    frame.next_target = 0;
  } else if (EBPF_TRY(local_.TypeAt(frame.local)).kind ==
             Kind::kFunctionProto) {
    return Answer::kNo;
  } else {
    // Another member may have that name.
    ++frame.next_target;
  }
  return NextChild(frame, child);
}

/// Of one size, and each name of the program's is one of the kernel's; numbers
/// may differ.
Result<TypeMatcher::Answer> TypeMatcher::DoEnumsMatch(const Type& local,
                                                      const Type& target) {
  if (local.size_or_type != target.size_or_type ||
      local.member_count > target.member_count) {
    return Answer::kNo;
  }
  for (uint32_t i = 0; i < local.member_count; ++i) {
    const NameOffset name = Btf::EnumValueAt(local, i).name;
    uint32_t j = 0;
    while (j < target.member_count &&
           !EBPF_TRY(DoNamesMatch(name, Btf::EnumValueAt(target, j).name))) {
      ++j;
    }
    if (j == target.member_count) {
      return Answer::kNo;
    }
  }
  return Answer::kYes;
}

}  // namespace ebpf::btf
