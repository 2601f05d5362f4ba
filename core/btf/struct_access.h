// SPDX-License-Identifier: MIT
//
// What a load of some bytes at some offset of a kernel's struct reads: a
// number, a pointer to another struct, or a struct inside. The rules, and the
// texts that clients know, are those of Linux's verifier.
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"

namespace ebpf::btf {

/// Type tags on what a pointer points to: `__attribute__((btf_type_tag))`.
struct PointerTags {
  bool user = false;     // "user": memory of user space
  bool per_cpu = false;  // "percpu": an offset, not an address
  bool rcu = false;      // "rcu": valid in an RCU read section
};

enum class AccessKind : uint8_t {
  kScalar,
  kPointer,        // to the struct or union `type`
  kOpaquePointer,  // to something else, for Linux 6.12 a number: void, int...
  kStruct,         // the access begins where the inner struct `type` does
};

struct Access {
  AccessKind kind = AccessKind::kScalar;
  TypeId type = 0;
  PointerTags tags;
  /// On the way was a union of several members, so that a pointer found there
  /// may never have been one.
  bool through_union = false;
  /// The member that holds it, for kPointer.
  NameOffset member = 0;
};

/// What [offset, offset + size) of the struct or union `type` is, going into
/// inner structs, unions and arrays until the access begins where an inner
/// struct does. `untrusted`: the pointer was found through a union already,
/// which lets numbers be read beyond their member. `log` may be null.
///
/// kAccess: it lies beyond the struct, cuts a pointer or a member; kInvalid: no
/// struct, or nothing is there.
Result<Access> WalkStruct(const Btf& btf, TypeId type, uint32_t offset,
                          uint32_t size, bool untrusted, TextWriter* log);

/// Like WalkStruct, but goes on into inner structs: never kStruct.
Result<Access> AccessStruct(const Btf& btf, TypeId type, uint32_t offset,
                            uint32_t size, bool untrusted, TextWriter* log);

/// Whether a `wanted` begins at `offset` of `type`: it is `type` itself (at 0),
/// or, unless `strict`, a struct inside it at any depth.
bool HasStructAt(const Btf& btf, TypeId type, uint32_t offset,
                 const Btf& wanted_btf, TypeId wanted, bool strict);

/// The tags on what a pointer (a type of kind kPointer) points to.
PointerTags TagsOf(const Btf& btf, const Type& pointer);

/// An array, also one of arrays, as its elements that are no arrays; anything
/// else as one element.
struct Elements {
  TypeId element;  // without modifiers
  Type type;       // of the element
  uint32_t size;   // of one element
  uint32_t total;  // of all bytes
  bool is_array;
};

/// kInvalid where it has no size, kOverflow beyond 32 bits.
Result<Elements> ElementsOf(const Btf& btf, TypeId type);

/// The member of this name in the struct or union `type`, as far as anonymous
/// structs and unions inside; its bit offset counts from `type`'s begin.
/// kNotFound; kInvalid where they are nested deeper than kMaxTypeDepth.
Result<Member> FindMember(const Btf& btf, TypeId type, StringView name);

}  // namespace ebpf::btf
