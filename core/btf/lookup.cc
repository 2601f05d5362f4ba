// SPDX-License-Identifier: MIT
//
// Finds types in a BTF: by name through chains of types whose names have one
// hash, decl tags through chains of those that stand on one type. Without such
// tables, by looking at each type.
//
// Names are hashed without their flavor, so that one chain serves both who
// wants a name and who wants all flavors of it. A chain is in the order of ids.
#include "core/base/memory.h"
#include "core/btf/btf.h"

namespace ebpf::btf {
namespace {

/// FNV-1a, without flavor.
uint32_t HashName(StringView name) {
  uint32_t hash = 0x811c9dc5;
  for (const char c : EssentialName(name)) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x01000193;
  }
  return hash ^ hash >> 15;
}

TypeId& HeadOf(Span<TypeId> heads, uint32_t hash) {
  return heads[hash & (heads.size() - 1)];
}

/// Whether `name`[at, at + 5) is the seam of "X___Y": the last character of X,
/// which is no underscore, to the first of Y, which is none either.
bool IsSeam(StringView name, size_t at) {
  return name[at] != '_' && name[at + 1] == '_' && name[at + 2] == '_' &&
         name[at + 3] == '_' && name[at + 4] != '_';
}

}  // namespace

StringView EssentialName(StringView name) {
  for (size_t at = name.size() < 5 ? 0 : name.size() - 4; at-- > 0;) {
    if (IsSeam(name, at)) {
      return name.First(at + 1);
    }
  }
  return name;
}

void Btf::BuildTables(const LookupTables& tables) {
  tables_ = tables;
  for (TypeId id = type_count(); id-- > first_id_;) {
    const Result<Type> type = TypeAt(id);
    if (!type.ok()) {
      continue;
    }
    TypeId* head = nullptr;
    if (type->kind == Kind::kDeclTag) {
      head = &HeadOf(tables.tag_heads, type->size_or_type);
    } else {
      const Result<StringView> name = Name(type->name);
      if (!name.ok() || name->empty()) {
        continue;
      }
      head = &HeadOf(tables.name_heads, HashName(*name));
    }
    tables.next[id - first_id_ + 1] = *head;
    *head = id;
  }
}

Result<TypeId> Btf::Find(Kind kind, StringView name) const {
  if (base_ != nullptr) {
    const Result<TypeId> found = base_->Find(kind, name);
    if (found.ok()) {
      return *found;
    }
  }
  return FindAmongOwn(kind, name);
}

Result<TypeId> Btf::FindAmongOwn(Kind kind, StringView name) const {
  // What the tables do not hold is looked for one by one.
  if (tables_.next.empty() || kind == Kind::kDeclTag || name.empty() ||
      name.size() > kMaxNameSize) {
    for (TypeId id = first_id_; id < type_count(); ++id) {
      const Type type = EBPF_TRY(TypeAt(id));
      if (type.kind == kind && IsNamed(type, name)) {
        return id;
      }
    }
    return Status::kNotFound;
  }
  for (TypeId id = HeadOf(tables_.name_heads, HashName(name)); id != 0;
       id = tables_.next[id - first_id_ + 1]) {
    const Type type = EBPF_TRY(TypeAt(id));
    if (type.kind == kind && IsNamed(type, name)) {
      return id;
    }
  }
  return Status::kNotFound;
}

Result<TypeId> Btf::NextNamed(StringView name, TypeId previous) const {
  if (base_ != nullptr && previous < first_id_) {
    const Result<TypeId> found = base_->NextNamed(name, previous);
    if (found.ok()) {
      return *found;
    }
    previous = 0;
  }
  return NextNamedAmongOwn(name, previous);
}

Result<TypeId> Btf::NextNamedAmongOwn(StringView name, TypeId previous) const {
  const bool chained = !tables_.next.empty();
  TypeId id = 0;
  if (chained) {
    id = previous == 0 ? HeadOf(tables_.name_heads, HashName(name))
                       : tables_.next[previous - first_id_ + 1];
  } else {
    id = previous == 0 ? first_id_ : previous + 1;
  }
  while (id != 0 && id < type_count()) {
    const Type type = EBPF_TRY(TypeAt(id));
    const Result<StringView> its_name = Name(type.name);
    if (type.kind != Kind::kDeclTag && its_name.ok() && !its_name->empty() &&
        EssentialName(*its_name) == name) {
      return id;
    }
    id = chained ? tables_.next[id - first_id_ + 1] : id + 1;
  }
  return Status::kNotFound;
}

Result<TypeId> Btf::NextTag(TypeId type, TypeId previous) const {
  if (base_ != nullptr && previous < first_id_ && type < first_id_) {
    const Result<TypeId> found = base_->NextTag(type, previous);
    if (found.ok()) {
      return *found;
    }
    previous = 0;
  }
  return NextTagAmongOwn(type, previous);
}

Result<TypeId> Btf::NextTagAmongOwn(TypeId type, TypeId previous) const {
  const bool chained = !tables_.next.empty();
  TypeId id = 0;
  if (chained) {
    id = previous == 0 ? HeadOf(tables_.tag_heads, type)
                       : tables_.next[previous - first_id_ + 1];
  } else {
    id = previous == 0 ? first_id_ : previous + 1;
  }
  while (id != 0 && id < type_count()) {
    const Type tag = EBPF_TRY(TypeAt(id));
    if (tag.kind == Kind::kDeclTag && tag.size_or_type == type) {
      return id;
    }
    id = chained ? tables_.next[id - first_id_ + 1] : id + 1;
  }
  return Status::kNotFound;
}

bool IsSameType(const Btf& a, TypeId a_id, const Btf& b, TypeId b_id) {
  const Btf* a_owner = &a;
  while (a_owner->base() != nullptr && a_id < a_owner->first_id()) {
    a_owner = a_owner->base();
  }
  const Btf* b_owner = &b;
  while (b_owner->base() != nullptr && b_id < b_owner->first_id()) {
    b_owner = b_owner->base();
  }
  // Views are copied; the blob that they show is not.
  return a_id == b_id && a_owner->strings().data() == b_owner->strings().data();
}

bool IsSameName(const Btf& a, NameOffset a_name, const Btf& b,
                NameOffset b_name) {
  const Result<StringView> a_text = a.Name(a_name);
  const Result<StringView> b_text = b.Name(b_name);
  return a_text.ok() && b_text.ok() && *a_text == *b_text;
}

}  // namespace ebpf::btf
