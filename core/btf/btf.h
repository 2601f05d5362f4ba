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

/// As Linux's log has it: "FUNC_PROTO".
const char* KindName(Kind kind);

/// Has members at offsets.
constexpr bool IsComposite(Kind kind) {
  return kind == Kind::kStruct || kind == Kind::kUnion;
}

using TypeId = uint32_t;

/// No chain of types that a reader follows is longer.
inline constexpr uint32_t kMaxTypeDepth = 32;

/// No name that a reader gives is longer, as no name that BPF_BTF_LOAD takes.
inline constexpr size_t kMaxNameSize = 512;

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
  uint32_t bit_size = 0;  // of a bit field by kind_flag; otherwise 0
};

/// A parameter of a function; name 0 and type 0 are the last one's "...".
struct Parameter {
  NameOffset name;
  TypeId type;
};

/// A value of an enum or enum64, extended as the enum's kind_flag (signed)
/// says.
struct EnumValue {
  NameOffset name;
  uint64_t value;
};

/// What an int holds.
struct Integer {
  static constexpr uint8_t kSigned = 1;
  static constexpr uint8_t kChar = 2;
  static constexpr uint8_t kBool = 4;

  uint8_t encoding;
  uint8_t bit_offset;
  uint8_t bits;
};

/// What a decl tag stands on: component -1 is the type itself, others are the
/// number of a member or parameter. The tag's text is the type's name.
inline constexpr int32_t kWholeType = -1;

/// BTF_FUNC_*.
enum class Linkage : uint32_t { kStatic = 0, kGlobal = 1, kExtern = 2 };

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

/// Quick ways into a BTF: types by name and decl tags by what they stand on.
/// Heads are powers of two in number, `next` as many as the index; all zero.
struct LookupTables {
  Span<TypeId> name_heads;
  Span<TypeId> tag_heads;
  Span<TypeId> next;
};

/// A view of a BTF blob; `bytes` and `index` outlive it. Context: any.
///
/// A *split* BTF (a module's, or a program's on top of vmlinux's) continues
/// another one, its base: its ids and name offsets go on where the base's end.
class Btf {
 public:
  /// How many types the blob has, id 0 (void) included: the size that Open's
  /// `index` must have. kInvalid where the blob is malformed.
  static Result<uint32_t> CountTypes(ConstBytes bytes);

  /// Checks the whole blob: the header, each type's kind and extent, each name
  /// and each type id. Writes each type's offset to `index`. `base`, where
  /// there is one, outlives the view and has no base itself; kInvalid if ids or
  /// names exceed 32 bits.
  static Result<Btf> Open(ConstBytes bytes, Span<uint32_t> index,
                          const Btf* base = nullptr);

  /// Fills `tables`, which outlive the view, and uses them from now on.
  void BuildTables(const LookupTables& tables);

  /// One more than the last id; the base's types are counted.
  uint32_t type_count() const {
    return first_id_ - 1 + static_cast<uint32_t>(index_.size());
  }
  /// The first id that is not the base's.
  TypeId first_id() const { return first_id_; }
  const Btf* base() const { return base_; }
  /// The blob's own strings, the base's not among them.
  ConstBytes strings() const { return strings_; }
  /// The first name offset that is not the base's.
  NameOffset first_name() const { return first_name_; }

  /// kInvalid beyond the last one.
  Result<Type> TypeAt(TypeId id) const;

  /// kInvalid where it is longer than kMaxNameSize.
  Result<StringView> Name(NameOffset name) const;

  // The parts of a type of the right kind; index < member_count.
  static Member MemberAt(const Type& type, uint32_t index);
  static Array ArrayOf(const Type& type);
  static SectionVariable VariableAt(const Type& type, uint32_t index);
  static Parameter ParamAt(const Type& type, uint32_t index);
  static EnumValue EnumValueAt(const Type& type, uint32_t index);
  static Integer IntegerOf(const Type& type);
  static int32_t TagComponent(const Type& type);
  /// A function's is in member_count, a variable's behind it.
  static Linkage LinkageOf(const Type& type);

  /// The id behind typedefs, const, volatile, restrict and tags. kInvalid where
  /// the chain is longer than kMaxTypeDepth.
  Result<TypeId> SkipModifiers(TypeId id) const;

  /// The bytes of a value of this type; pointers have 8. kInvalid where it has
  /// no size, kOverflow beyond 32 bits.
  Result<uint32_t> SizeOf(TypeId id) const;

  /// The type behind SkipModifiers.
  Result<Type> Resolve(TypeId id) const;

  /// Whether it is an int, enum or enum64 behind its modifiers: what a register
  /// holds as a number.
  bool IsScalar(TypeId id) const;

  /// The first type of this kind and name, or kNotFound. Quick with tables.
  Result<TypeId> Find(Kind kind, StringView name) const;

  /// The first, or after `previous` the next, of the types whose name without
  /// flavor (EssentialName) is `name`, decl tags excepted; kNotFound when there
  /// are no more. The base's come first.
  Result<TypeId> NextNamed(StringView name, TypeId previous = 0) const;

  /// The decl tags on `type`, one after the other; start with `previous` 0.
  /// Compare TagComponent and the tag's name. kNotFound when there are no more.
  Result<TypeId> NextTag(TypeId type, TypeId previous = 0) const;

 private:
  friend class Validator;

  Btf() = default;

  Result<TypeId> FindAmongOwn(Kind kind, StringView name) const;
  Result<TypeId> NextNamedAmongOwn(StringView name, TypeId previous) const;
  Result<TypeId> NextTagAmongOwn(TypeId type, TypeId previous) const;
  Status CheckReferences() const;
  Status CheckMembers(const Type& type) const;
  bool IsNamed(const Type& type, StringView name) const;

  bool HasName(NameOffset name) const {
    return name < uint64_t{first_name_} + strings_.size();
  }

  const Btf* base_ = nullptr;
  TypeId first_id_ = 1;
  NameOffset first_name_ = 0;
  ConstBytes types_;
  ConstBytes strings_;
  Span<uint32_t> index_;  // [0] is unused: void, or the base's last type
  LookupTables tables_;
};

/// `name` without its last `___flavor`, by which programs tell apart several
/// definitions of a kernel's type.
StringView EssentialName(StringView name);

/// Whether both are one type: the same id of the same blob, also where one of
/// them is reached through a split BTF.
bool IsSameType(const Btf& a, TypeId a_id, const Btf& b, TypeId b_id);

/// Whether two names of two BTFs read the same.
bool IsSameName(const Btf& a, NameOffset a_name, const Btf& b,
                NameOffset b_name);

}  // namespace ebpf::btf
