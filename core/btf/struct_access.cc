// SPDX-License-Identifier: MIT
//
// core/btf/struct_access.h's implementation.
//
// A walk has one step for each struct on the way in, at most kMaxTypeDepth:
// BTF_LOAD refuses deeper ones, a blob that nobody has judged may hold them.
#include "core/btf/struct_access.h"

#include "core/base/checked.h"

namespace ebpf::btf {
namespace {

/// Where a walk stands: an access to a struct.
struct Place {
  TypeId id = 0;
  Type type{};
  uint32_t offset = 0;
  uint32_t size = 0;

  uint64_t end() const { return uint64_t{offset} + size; }
};

/// One walk.
class Walk {
 public:
  Walk(const Btf& btf, bool untrusted, TextWriter* log)
      : btf_(btf), untrusted_(untrusted), log_(log) {}

  Result<Access> Run(Place place) {
    for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
      place.id = EBPF_TRY(btf_.SkipModifiers(place.id));
      place.type = EBPF_TRY(btf_.TypeAt(place.id));
      bool done = false;
      const Access access = EBPF_TRY(Step(place, done));
      if (done) {
        return access;
      }
    }
    return Status::kInvalid;
  }

 private:
  /// Says what is there (`done`) or moves `place` into a struct inside.
  Result<Access> Step(Place& place, bool& done);
  Result<Access> InFlexibleArray(Place& place, bool& done);
  Result<Access> InMember(Place& place, const Member& member, bool& done,
                          bool& found);
  Result<Access> AtPointer(const Place& place, const Member& member,
                           uint32_t start, const Type& pointer);

  Access Found(AccessKind kind, TypeId type, bool& done) const {
    done = true;
    Access access;
    access.kind = kind;
    access.type = type;
    access.through_union = through_union_;
    return access;
  }

  StringView NameOf(NameOffset name) const {
    return name == 0 ? StringView("(anon)")
                     : btf_.Name(name).ValueOr(StringView("?"));
  }
  Status Beyond(const Place& place) {
    if (log_ != nullptr) {
      log_->Put("access beyond struct ").Put(NameOf(place.type.name));
      PutPlace(place);
    }
    return Status::kAccess;
  }
  void PutPlace(const Place& place) {
    log_->Put(" at off ").PutUnsigned(place.offset);
    log_->Put(" size ").PutUnsigned(place.size).Put('\n');
  }
  void PutStructAndPlace(const Place& place) {
    log_->Put(" in struct ").Put(NameOf(place.type.name));
    log_->Put(" with off ").PutUnsigned(place.offset);
    log_->Put(" size ").PutUnsigned(place.size).Put('\n');
  }

  const Btf& btf_;
  const bool untrusted_;
  TextWriter* const log_;
  bool through_union_ = false;
};

Result<Access> Walk::Step(Place& place, bool& done) {
  if (!IsComposite(place.type.kind)) {
    if (log_ != nullptr) {
      log_->Put("Type '").Put(NameOf(place.type.name));
      log_->Put("' is not a struct\n");
    }
    return Status::kInvalid;
  }
  if (place.type.kind == Kind::kUnion && place.type.member_count != 1) {
    through_union_ = true;
  }
  if (place.end() > place.type.size_or_type) {
    return InFlexibleArray(place, done);
  }
  for (uint32_t i = 0; i < place.type.member_count; ++i) {
    const Member member = Btf::MemberAt(place.type, i);
    const uint32_t start = member.bit_offset / 8;
    if (place.end() <= start) {
      break;
    }
    if (member.bit_size != 0) {
      const uint64_t end =
          (uint64_t{member.bit_offset} + member.bit_size + 7) / 8;
      // Before it may lie an anonymous bit field, which has no member. Bit
      // fields that are read in part count as read by another member's load.
      if (place.offset <= start && end <= place.end()) {
        return Found(AccessKind::kScalar, 0, done);
      }
      continue;
    }
    if (place.offset < start) {
      break;
    }
    bool found = false;
    const Access access = EBPF_TRY(InMember(place, member, done, found));
    if (found) {
      return access;
    }
  }
  if (log_ != nullptr) {
    log_->Put("struct ").Put(NameOf(place.type.name));
    log_->Put(" doesn't have field at offset ").PutUnsigned(place.offset);
    log_->Put('\n');
  }
  return Status::kInvalid;
}

/// Beyond a struct's size only the elements of its last member may lie, an
/// array of none.
Result<Access> Walk::InFlexibleArray(Place& place, bool& done) {
  const uint32_t count = place.type.member_count;
  if (count == 0) {
    return Beyond(place);
  }
  const Member member = Btf::MemberAt(place.type, count - 1);
  const Type array = EBPF_TRY(btf_.Resolve(member.type));
  const uint32_t start = member.bit_offset / 8;
  if (array.kind != Kind::kArray || Btf::ArrayOf(array).count != 0 ||
      place.offset < start) {
    return Beyond(place);
  }
  const TypeId element =
      EBPF_TRY(btf_.SkipModifiers(Btf::ArrayOf(array).element));
  const Type type = EBPF_TRY(btf_.TypeAt(element));
  if (type.kind == Kind::kInt) {
    return Found(AccessKind::kScalar, 0, done);
  }
  if (!IsComposite(type.kind) || type.size_or_type == 0) {
    return Beyond(place);
  }
  place.id = element;
  place.offset = (place.offset - start) % type.size_or_type;
  return Access();
}

/// `found`: the access begins in this member, and either says what is there
/// (`done`) or has moved `place` into it.
Result<Access> Walk::InMember(Place& place, const Member& member, bool& done,
                              bool& found) {
  const Result<Elements> elements = ElementsOf(btf_, member.type);
  if (!elements.ok()) {
    if (log_ != nullptr) {
      log_->Put("field ").Put(NameOf(member.name));
      log_->Put(" doesn't have size\n");
    }
    return Status::kFault;
  }
  uint32_t start = member.bit_offset / 8;
  const uint64_t member_end = uint64_t{start} + elements->total;
  if (place.offset >= member_end) {
    return Access();
  }
  found = true;
  if (elements->is_array) {
    // In a member with bytes, so its elements have some.
    start += (place.offset - start) / elements->size * elements->size;
  }
  if (IsComposite(elements->type.kind)) {
    if (place.offset == start) {
      return Found(AccessKind::kStruct, elements->element, done);
    }
    place.id = elements->element;
    place.offset -= start;
    return Access();
  }
  if (elements->type.kind == Kind::kPointer) {
    done = true;
    return AtPointer(place, member, start, elements->type);
  }
  // An int or an array of ints may be read in any pieces, up to its end.
  if (place.end() > member_end && !untrusted_ && !through_union_) {
    if (log_ != nullptr) {
      log_->Put("access beyond the end of member ").Put(NameOf(member.name));
      log_->Put(" (mend:").PutUnsigned(member_end).Put(')');
      PutStructAndPlace(place);
    }
    return Status::kAccess;
  }
  return Found(AccessKind::kScalar, 0, done);
}

Result<Access> Walk::AtPointer(const Place& place, const Member& member,
                               uint32_t start, const Type& pointer) {
  if (place.size != 8 || place.offset != start) {
    if (log_ != nullptr) {
      log_->Put("cannot access ptr member ").Put(NameOf(member.name));
      log_->Put(" with moff ").PutUnsigned(start);
      PutStructAndPlace(place);
    }
    return Status::kAccess;
  }
  bool done = false;
  const TypeId target = EBPF_TRY(btf_.SkipModifiers(pointer.size_or_type));
  const Type type = EBPF_TRY(btf_.TypeAt(target));
  if (!IsComposite(type.kind)) {
    return Found(AccessKind::kOpaquePointer, target, done);
  }
  Access access = Found(AccessKind::kPointer, target, done);
  access.tags = TagsOf(btf_, pointer);
  access.member = member.name;
  return access;
}

}  // namespace

Result<Access> WalkStruct(const Btf& btf, TypeId type, uint32_t offset,
                          uint32_t size, bool untrusted, TextWriter* log) {
  Place place;
  place.id = type;
  place.offset = offset;
  place.size = size;
  return Walk(btf, untrusted, log).Run(place);
}

Result<Access> AccessStruct(const Btf& btf, TypeId type, uint32_t offset,
                            uint32_t size, bool untrusted, TextWriter* log) {
  for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
    const Access access =
        EBPF_TRY(WalkStruct(btf, type, offset, size, untrusted, log));
    untrusted |= access.through_union;
    if (access.kind != AccessKind::kStruct) {
      Access result = access;
      result.through_union = untrusted;
      return result;
    }
    type = access.type;
    offset = 0;
  }
  return Status::kInvalid;
}

bool HasStructAt(const Btf& btf, TypeId type, uint32_t offset,
                 const Btf& wanted_btf, TypeId wanted, bool strict) {
  if (offset == 0 && IsSameType(btf, type, wanted_btf, wanted)) {
    return true;
  }
  for (uint32_t depth = 0; !strict && depth < kMaxTypeDepth; ++depth) {
    const Result<Access> access =
        WalkStruct(btf, type, offset, 1, false, nullptr);
    if (!access.ok() || access->kind != AccessKind::kStruct) {
      return false;
    }
    if (IsSameType(btf, access->type, wanted_btf, wanted)) {
      return true;
    }
    type = access->type;
    offset = 0;
  }
  return false;
}

PointerTags TagsOf(const Btf& btf, const Type& pointer) {
  PointerTags tags;
  const Result<Type> tag = btf.TypeAt(pointer.size_or_type);
  if (!tag.ok() || tag->kind != Kind::kTypeTag) {
    return tags;
  }
  const Result<StringView> text = btf.Name(tag->name);
  if (text.ok()) {
    tags.user = *text == "user";
    tags.per_cpu = *text == "percpu";
    tags.rcu = *text == "rcu";
  }
  return tags;
}

Result<Elements> ElementsOf(const Btf& btf, TypeId type) {
  Elements elements{};
  uint32_t count = 1;
  for (uint32_t depth = 0; depth < kMaxTypeDepth; ++depth) {
    type = EBPF_TRY(btf.SkipModifiers(type));
    elements.type = EBPF_TRY(btf.TypeAt(type));
    if (elements.type.kind != Kind::kArray) {
      elements.element = type;
      elements.size = EBPF_TRY(btf.SizeOf(type));
      elements.total = EBPF_TRY(CheckedMul(elements.size, count));
      return elements;
    }
    elements.is_array = true;
    const Array array = Btf::ArrayOf(elements.type);
    count = EBPF_TRY(CheckedMul(count, array.count));
    type = array.element;
  }
  return Status::kInvalid;
}

}  // namespace ebpf::btf
