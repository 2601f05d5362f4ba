// SPDX-License-Identifier: MIT
//
// What BTF says of special fields in a map's values: locks, timers, pointers to
// objects. Programs must not touch them but through helpers made for them.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/btf/btf.h"

namespace ebpf {

/// Linux's BPF_SPIN_LOCK and so on.
enum class MapFieldKind : uint8_t {
  kSpinLock,       // struct bpf_spin_lock
  kTimer,          // struct bpf_timer
  kWorkqueue,      // struct bpf_wq
  kRefCount,       // struct bpf_refcount
  kUntrustedKptr,  // __kptr_untrusted
  kKptr,           // __kptr: referenced
  kPerCpuKptr,     // __percpu_kptr
  kListHead,       // struct bpf_list_head
  kListNode,
  kRbRoot,  // struct bpf_rb_root
  kRbNode,
};

struct MapField {
  MapFieldKind kind;
  uint32_t offset;  // in the value
  uint32_t size;
  /// Of pointers and heads: what they lead to. `btf` is the program's (a local
  /// type) or the kernel's.
  const btf::Btf* btf;
  btf::TypeId type_id;
  uint32_t node_offset;  // of heads and roots: the node in that type
};

/// The special fields of a type, by offset.
using MapFields = Span<const MapField>;

/// BTF_FIELDS_MAX: no type has more.
inline constexpr uint32_t kMaxFields = 11;

/// Kinds, as bits.
using FieldKinds = uint32_t;
constexpr FieldKinds Bit(MapFieldKind kind) {
  return FieldKinds{1} << static_cast<uint32_t>(kind);
}
inline constexpr FieldKinds kKptrKinds = Bit(MapFieldKind::kUntrustedKptr) |
                                         Bit(MapFieldKind::kKptr) |
                                         Bit(MapFieldKind::kPerCpuKptr);
/// In values of maps, and in objects that programs allocate.
inline constexpr FieldKinds kValueKinds =
    kKptrKinds | Bit(MapFieldKind::kSpinLock) | Bit(MapFieldKind::kTimer) |
    Bit(MapFieldKind::kWorkqueue) | Bit(MapFieldKind::kRefCount) |
    Bit(MapFieldKind::kListHead) | Bit(MapFieldKind::kRbRoot);
inline constexpr FieldKinds kObjectKinds =
    kKptrKinds | Bit(MapFieldKind::kSpinLock) | Bit(MapFieldKind::kRefCount) |
    Bit(MapFieldKind::kListHead) | Bit(MapFieldKind::kListNode) |
    Bit(MapFieldKind::kRbRoot) | Bit(MapFieldKind::kRbNode);

/// Where FindFields looks, and for what.
struct FieldQuery {
  const btf::Btf* btf;
  btf::TypeId type;  // a struct, union or data section
  FieldKinds kinds;
  uint32_t size;  // of the value
  /// The kernel's types, or null.
  const btf::Btf* kernel;
};

/// Writes the fields of a type to `fields` (kMaxFields), by offset; their
/// number. A kptr's type is the kernel's if that has one of its name, else the
/// program's own. As Linux: kInvalid (misplaced, wrong tags, a list without a
/// lock), kTooBig (two locks, too many fields), kNotFound (nobody could destroy
/// what a kptr leads to), kExists (they overlap). Context: any.
Result<uint32_t> FindFields(const FieldQuery& query, Span<MapField> fields);

/// Whether maps of this kind (Linux's number) with these flags may have such
/// fields: kAccess, kNotSupportedLinux. Context: any.
Status CheckFields(uint32_t map_type, uint32_t flags, MapFields fields);

/// The field of one of `kinds` that begins at `offset`, or null.
const MapField* FieldAt(MapFields fields, FieldKinds kinds, uint64_t offset);

/// Whether one of `kinds` is among them.
bool HasField(MapFields fields, FieldKinds kinds);

/// Linux's name of it: "bpf_spin_lock".
const char* NameOf(MapFieldKind kind);

}  // namespace ebpf
