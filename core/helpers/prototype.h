// SPDX-License-Identifier: MIT
//
// What a helper takes and returns, for the verifier and the engines.
#pragma once

#include <stdint.h>

#include "core/program_types/program_type.h"

namespace ebpf {

/// What an argument must be; Linux's name for it in the comment.
enum class ArgKind : uint8_t {
  kNone,
  kAnything,         // ARG_ANYTHING: any initialised value
  kContext,          // ARG_PTR_TO_CTX
  kContextOrNull,    // ARG_PTR_TO_CTX_OR_NULL
  kMap,              // ARG_CONST_MAP_PTR
  kMapKey,           // ARG_PTR_TO_MAP_KEY: key_size readable bytes
  kMapValue,         // ARG_PTR_TO_MAP_VALUE: value_size readable bytes
  kMapValueOrNull,   // ARG_PTR_TO_MAP_VALUE_OR_NULL
  kUninitMapValue,   // ARG_PTR_TO_MAP_VALUE | MEM_UNINIT | MEM_WRITE
  kMem,              // ARG_PTR_TO_MEM: readable, size in the next argument
  kMemOrNull,        // ... or NULL when the size is 0
  kUninitMem,        // ARG_PTR_TO_UNINIT_MEM: written by the helper
  kWriteMem,         // ARG_PTR_TO_MEM | MEM_WRITE: read and written
  kFixedMem,         // ARG_PTR_TO_FIXED_SIZE_MEM | MEM_RDONLY
  kFixedWriteMem,    // ... | MEM_WRITE | MEM_ALIGNED, initialised
  kFixedUninitMem,   // ... | MEM_UNINIT | MEM_WRITE | MEM_ALIGNED
  kSize,             // ARG_CONST_SIZE: bounded, not 0
  kSizeOrZero,       // ARG_CONST_SIZE_OR_ZERO
  kAllocSize,        // ARG_CONST_ALLOC_SIZE_OR_ZERO: a known constant
  kCallback,         // ARG_PTR_TO_FUNC: a function of the program
  kStackOrNull,      // ARG_PTR_TO_STACK_OR_NULL: what a callback is given
  kRingRecord,       // PTR_TO_MEM | MEM_RINGBUF, start of a held record
  kConstString,      // ARG_PTR_TO_CONST_STR: in a frozen read-only map
  kSpinLock,         // ARG_PTR_TO_SPIN_LOCK
  kTimer,            // ARG_PTR_TO_TIMER
  kKptrSlot,         // ARG_KPTR_XCHG_DEST
  kSocket,           // ARG_PTR_TO_SOCKET
  kSocketOrNull,     // ARG_PTR_TO_SOCKET_OR_NULL
  kSockCommon,       // ARG_PTR_TO_SOCK_COMMON
  kTypedSockCommon,  // ARG_PTR_TO_BTF_ID_SOCK_COMMON
  kTypedSockCommonOrNull,  // ... | PTR_MAYBE_NULL
  kTyped,                  // ARG_PTR_TO_BTF_ID: of type `arg_types`
  kTypedOrNull,            // ARG_PTR_TO_BTF_ID_OR_NULL
  kPerCpuTyped,            // ARG_PTR_TO_PERCPU_BTF_ID
  kDynptr,                 // ARG_PTR_TO_DYNPTR (| MEM_RDONLY)
  kUninitDynptr,           // ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_LOCAL, uninit
  kUninitRingDynptr,       // ... | DYNPTR_TYPE_RINGBUF | MEM_UNINIT
  kRingDynptr,             // ... | DYNPTR_TYPE_RINGBUF, initialised
};

/// Whether the argument may be the number 0, for nothing.
constexpr bool TakesNull(ArgKind kind) {
  switch (kind) {
    case ArgKind::kContextOrNull:
    case ArgKind::kMapValueOrNull:
    case ArgKind::kMemOrNull:
    case ArgKind::kStackOrNull:
    case ArgKind::kSocketOrNull:
    case ArgKind::kTypedSockCommonOrNull:
    case ArgKind::kTypedOrNull:
      return true;
    default:
      return false;
  }
}

enum class ReturnKind : uint8_t {
  kInteger,            // RET_INTEGER
  kVoid,               // RET_VOID
  kMapValue,           // RET_PTR_TO_MAP_VALUE
  kMapValueOrNull,     // RET_PTR_TO_MAP_VALUE_OR_NULL
  kRingRecordOrNull,   // RET_PTR_TO_RINGBUF_MEM_OR_NULL, of kAllocSize bytes
  kDynptrMemOrNull,    // RET_PTR_TO_DYNPTR_MEM_OR_NULL, of kAllocSize bytes
  kSocketOrNull,       // RET_PTR_TO_SOCKET_OR_NULL
  kSockCommonOrNull,   // RET_PTR_TO_SOCK_COMMON_OR_NULL
  kTcpSockOrNull,      // RET_PTR_TO_TCP_SOCK_OR_NULL
  kMemOrTyped,         // RET_PTR_TO_MEM_OR_BTF_ID: what the argument points to
  kMemOrTypedOrNull,   // ... | PTR_MAYBE_NULL
  kTypedOrNull,        // RET_PTR_TO_BTF_ID_OR_NULL
  kTrustedTyped,       // RET_PTR_TO_BTF_ID_TRUSTED
  kTrustedTypedOrNull  // ... | PTR_MAYBE_NULL
};

/// A helper as engines call it: r1..r5 in, r0 out. It runs with preemption off
/// inside a read section. Context: any.
using HelperFunction = uint64_t (*)(uint64_t r1, uint64_t r2, uint64_t r3,
                                    uint64_t r4, uint64_t r5);

struct HelperPrototype {
  uint32_t id;              // Linux's BPF_FUNC_*
  const char* name;         // without "bpf_": "map_lookup_elem"
  HelperFunction function;  // null: known, not implemented
  ReturnKind result;
  ArgKind args[5];
  bool gpl_only;
  /// The result is a reference that must be released on every path.
  bool acquires;
  /// A reference ends here: that of argument `released_argument`.
  bool releases;
  uint64_t types;      // bit n: programs of type n may call it
  uint64_t map_types;  // bit n: works on maps of kind n; 0: takes no map
  /// For kFixed...: the sizes. For kTyped and results by type: BTF names of
  /// structs, "task_struct".
  uint16_t fixed_sizes[5] = {};
  const char* arg_types[5] = {};
  const char* result_type = nullptr;
  /// Memory arguments may be packets (Linux's pkt_access).
  bool takes_packets = false;
  /// Packet pointers do not survive it (bpf_helper_changes_pkt_data).
  bool moves_packet = false;
  /// Only for sleepable programs.
  bool may_sleep = false;
  /// Has no side effects on r1..r5 (bpf_fastcall).
  bool fast_call = false;
  /// Counted from 1; 0: none.
  uint8_t released_argument = 0;
  /// Bit n: memory argument n (from 0) is filled although its kind does not say
  /// so: ask WritesArgument.
  uint8_t also_written = 0;
  /// ebpf_port_feature bits (core/platform/features.h) without which a port
  /// does not have it.
  uint32_t port_features = 0;
};

/// Linux's numbers of helpers, as the immediate of a call has them:
/// helper_id::tail_call.
namespace helper_id {
#define EBPF_HELPER(id, name, ...) inline constexpr int32_t name = id;
#define EBPF_HELPER_KNOWN(id, name, ...) inline constexpr int32_t name = id;
#include "core/helpers/helpers.def"
#undef EBPF_HELPER_KNOWN
#undef EBPF_HELPER
}  // namespace helper_id

/// The helper with Linux's number `id`, or null where Linux has none that we
/// know of. Some take other arguments in programs of some types: FindHelperFor.
const HelperPrototype* FindHelper(uint32_t id);

/// Whether programs can call `helper` here: it is implemented, and the port has
/// what it needs.
bool HelperExists(const HelperPrototype& helper);

/// Whether `helper` writes into what argument `index` (from 0) points to.
bool WritesArgument(const HelperPrototype& helper, unsigned index);

/// The helper as programs of `type` call it (Linux has several prototypes of
/// sk_storage_get, get_socket_cookie, ...), whether they may or not.
const HelperPrototype* FindHelperFor(uint32_t id, ProgramTypeId type);

/// Whether programs of `type` may call `helper` in Linux. An extension has no
/// helpers of its own: ask with the type that it extends. Where Linux asks what
/// a program is attached to by BTF (struct_ops' struct, lsm's hook, d_path's
/// and sk_storage_get's functions), this says yes.
bool HelperAllowed(const HelperPrototype& helper, ProgramTypeId type);

/// The same for a program that is loaded for `attach_type`.
bool HelperAllowed(const HelperPrototype& helper, ProgramTypeId type,
                   uint32_t attach_type);

/// Whether `helper` works on a map of this kind (Linux refuses lookups on ring
/// buffers, ring calls on hashes, ...).
bool HelperTakesMap(const HelperPrototype& helper, uint32_t map_type);

/// The same for a program of this type: not all may change maps of sockets.
bool HelperTakesMap(const HelperPrototype& helper, uint32_t map_type,
                    ProgramTypeId type, uint32_t attach_type);

}  // namespace ebpf
