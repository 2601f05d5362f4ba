// SPDX-License-Identifier: MIT
//
// Reads BTF, the type information of eBPF objects and kernels: untrusted bytes,
// every offset checked. [kernel.org Documentation/bpf/btf]
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"

namespace ebpf::btf {

/// BTF_KIND_*.
enum class Kind : uint8_t {
  kVoid = 0,  // type id 0 alone
  kInt = 1,
  kPointer = 2,
  kArray = 3,
  kStruct = 4,
  kUnion = 5,
  kEnum = 6,
  kForward = 7,
  kTypedef = 8,
  kVolatile = 9,
  kConst = 10,
  kRestrict = 11,
  kFunction = 12,
  kFunctionProto = 13,
  kVariable = 14,
  kDataSection = 15,
  kFloat = 16,
  kDeclTag = 17,
  kTypeTag = 18,
  kEnum64 = 19,
};

using TypeId = uint32_t;

/// No chain of types that a reader follows is longer.
inline constexpr uint32_t kMaxTypeDepth = 32;

/// No name that a reader gives is longer (Linux's KSYM_NAME_LEN, without the
/// zero).
inline constexpr size_t kMaxNameSize = 511;

/// Where a name is in the blob; checked, for Btf::Name.
using NameOffset = uint32_t;

struct Type {
  Kind kind;
  bool kind_flag;
  uint16_t member_count;
  uint32_t size_or_type;  // bytes, or the type that this one refers to
  NameOffset name;
  ConstBytes tail;  // what follows, as the kind says
};

struct Member {
  NameOffset name;
  TypeId type;
  uint32_t bit_offset;
};

struct Array {
  TypeId element;
  TypeId index;
  uint32_t count;
};

/// A variable of a data section.
struct SectionVariable {
  TypeId type;  // of kind kVariable
  uint32_t offset;
  uint32_t size;
};

/// A view of a BTF blob; `bytes` and `index` outlive it. Context: any.
class Btf {
 public:
  /// How many types the blob has, id 0 (void) included: the size that Open's
  /// `index` must have. kInvalid where the blob is malformed.
  static Result<uint32_t> CountTypes(ConstBytes bytes);

  /// Checks the whole blob: the header, each type's kind and extent, each name
  /// and each type id. Writes each type's offset to `index`.
  static Result<Btf> Open(ConstBytes bytes, Span<uint32_t> index);

  uint32_t type_count() const { return static_cast<uint32_t>(index_.size()); }

  /// kInvalid beyond the last one.
  Result<Type> TypeAt(TypeId id) const;

  /// kInvalid where it is longer than kMaxNameSize.
  Result<StringView> Name(NameOffset name) const;

  // The parts of a type of the right kind; index < member_count.
  static Member MemberAt(const Type& type, uint32_t index);
  static Array ArrayOf(const Type& type);
  static SectionVariable VariableAt(const Type& type, uint32_t index);

  /// The id behind typedefs, const, volatile, restrict and tags. kInvalid where
  /// the chain is longer than kMaxTypeDepth.
  Result<TypeId> SkipModifiers(TypeId id) const;

  /// The bytes of a value of this type; pointers have 8. kInvalid where it has
  /// no size, kOverflow beyond 32 bits.
  Result<uint32_t> SizeOf(TypeId id) const;

  /// The first type of this kind and name, or kNotFound.
  Result<TypeId> Find(Kind kind, StringView name) const;

 private:
  Btf() = default;

  Status CheckReferences() const;
  Status CheckMembers(const Type& type) const;
  bool IsNamed(const Type& type, StringView name) const;

  ConstBytes types_;
  ConstBytes strings_;
  Span<uint32_t> index_;
};

}  // namespace ebpf::btf
