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
  kAnything,     // ARG_ANYTHING: any initialised value
  kContext,      // ARG_PTR_TO_CTX
  kMap,          // ARG_CONST_MAP_PTR
  kMapKey,       // ARG_PTR_TO_MAP_KEY: key_size readable bytes
  kMapValue,     // ARG_PTR_TO_MAP_VALUE: value_size readable bytes
  kMem,          // ARG_PTR_TO_MEM: readable, size in the next argument
  kMemOrNull,    // ... or NULL when the size is 0
  kUninitMem,    // ARG_PTR_TO_UNINIT_MEM: written by the helper
  kSize,         // ARG_CONST_SIZE: bounded, not 0
  kSizeOrZero,   // ARG_CONST_SIZE_OR_ZERO
  kAllocSize,    // ARG_CONST_ALLOC_SIZE_OR_ZERO: a known constant
  kCallback,     // ARG_PTR_TO_FUNC: a function of the program
  kStackOrNull,  // ARG_PTR_TO_STACK_OR_NULL: what a callback is given
  kRingRecord,   // PTR_TO_MEM | MEM_RINGBUF, start of a held record
};

enum class ReturnKind : uint8_t {
  kInteger,          // RET_INTEGER
  kVoid,             // RET_VOID
  kMapValueOrNull,   // RET_PTR_TO_MAP_VALUE_OR_NULL
  kRingRecordOrNull  // RET_PTR_TO_RINGBUF_MEM_OR_NULL, of kAllocSize bytes
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
  /// The first argument's reference ends here.
  bool releases;
  uint32_t types;      // bit n: programs of type n may call it
  uint64_t map_types;  // bit n: works on maps of kind n; 0: takes no map
};

/// The helper with Linux's number `id`, or null where Linux has none that we
/// know of.
const HelperPrototype* FindHelper(uint32_t id);

/// Whether programs of `type` may call `helper` in Linux.
bool HelperAllowed(const HelperPrototype& helper, ProgramTypeId type);

/// Whether `helper` works on a map of this kind (Linux refuses lookups on ring
/// buffers, ring calls on hashes, ...).
bool HelperTakesMap(const HelperPrototype& helper, uint32_t map_type);

}  // namespace ebpf
