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
enum class FieldKind : uint8_t {
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
  FieldKind kind;
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

}  // namespace ebpf
