// SPDX-License-Identifier: MIT
//
// core/helpers/value_name.h's implementation.
#include "core/helpers/value_name.h"

namespace ebpf {
namespace {

using btf::Kind;

/// Linux gives up on longer chains.
constexpr uint32_t kMaxChain = 10;

/// A type with what stands around its name.
struct Declaration {
  btf::Type last{};  // what the pointers point to and the arrays hold
  StringView name;   // of the first typedef on the way, or of `last`
  bool has_typedef = false;
  uint32_t pointers = 0;
  uint32_t arrays = 0;
};

Result<btf::Type> SkipQualifiers(const btf::Btf& btf, btf::TypeId id) {
  for (uint32_t depth = 0; depth < btf::kMaxTypeDepth; ++depth) {
    const btf::Type type = EBPF_TRY(btf.TypeAt(id));
    if (type.kind != Kind::kConst && type.kind != Kind::kVolatile &&
        type.kind != Kind::kRestrict && type.kind != Kind::kTypeTag) {
      return type;
    }
    id = type.size_or_type;
  }
  return Status::kInvalid;
}

/// Follows typedefs, pointers and arrays. Qualifiers in front are not skipped,
/// so that a `const int` has no name, as in Linux.
Result<Declaration> Follow(const btf::Btf& btf, btf::TypeId id) {
  Declaration declaration;
  declaration.last = EBPF_TRY(btf.TypeAt(id));
  for (uint32_t i = 0; i < kMaxChain; ++i) {
    const btf::Type& type = declaration.last;
    btf::TypeId next = 0;
    switch (type.kind) {
      case Kind::kTypedef:
        if (declaration.name.empty()) {
          declaration.name = EBPF_TRY(btf.Name(type.name));
        }
        declaration.has_typedef = true;
        next = type.size_or_type;
        break;
      case Kind::kPointer:
        ++declaration.pointers;
        next = type.size_or_type;
        break;
      case Kind::kArray:
        ++declaration.arrays;
        next = btf::Btf::ArrayOf(type).element;
        break;
      default:
        break;
    }
    if (next == 0) {
      if (declaration.name.empty()) {
        declaration.name = EBPF_TRY(btf.Name(type.name));
      }
      return declaration;
    }
    declaration.last = EBPF_TRY(SkipQualifiers(btf, next));
  }
  return Status::kTooBig;
}

StringView KeywordOf(Kind kind) {
  switch (kind) {
    case Kind::kStruct:
      return "struct";
    case Kind::kUnion:
      return "union";
    case Kind::kEnum:
    case Kind::kEnum64:
      return "enum";
    default:
      return "";
  }
}

void PutType(TextWriter& to, const Declaration& declaration) {
  const StringView keyword =
      declaration.has_typedef ? "" : KeywordOf(declaration.last.kind);
  to.Put('(');
  to.Put(keyword);
  if (!keyword.empty() && !declaration.name.empty()) {
    to.Put(' ');
  }
  to.Put(declaration.name);
  if (declaration.pointers != 0) {
    to.Put(' ');
  }
  for (uint32_t i = 0; i < declaration.pointers; ++i) {
    to.Put('*');
  }
  for (uint32_t i = 0; i < declaration.arrays; ++i) {
    to.Put("[]");
  }
  to.Put(')');
}

}  // namespace

void PutValueName(TextWriter& to, const btf::Btf& btf, btf::TypeId type,
                  StringView member, bool names) {
  const Result<Declaration> declaration = Follow(btf, type);
  if (!declaration.ok()) {
    return;
  }
  if (names) {
    if (!member.empty()) {
      to.Put('.');
      to.Put(member).Put(" = ");
    }
    PutType(to, *declaration);
  }
  if (declaration->pointers != 0) {
    return;
  }
  if (declaration->arrays != 0) {
    to.Put('[');
  } else if (btf::IsComposite(declaration->last.kind)) {
    to.Put('{');
  }
}

}  // namespace ebpf
