// SPDX-License-Identifier: MIT
//
// Arguments of helpers.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/stack_access.h"

namespace ebpf::verifier {

/// What the arguments of one call tell about each other and the result.
struct HelperCall {
  const Map* map;
  uint32_t map_origin;      // RegState::origin of that map
  uint32_t callback;        // kCallback: its first instruction
  uint32_t allocated_size;  // kAllocSize
  uint64_t max_size;        // the largest kSize
  bool has_size;
  /// The reference of the argument that has one.
  uint32_t reference;
  /// The register whose reference ends, or 0.
  unsigned released;
  /// kPerCpuTyped: what it points to.
  const btf::Btf* btf;
  btf::TypeId type;
  bool per_cpu_object;  // one of the program's own
  /// kKptrSlot; kind and type of the slot.
  MapField slot;
  /// An initialised dynptr.
  RegState dynptr;
};

/// What a helper, a kernel function or a global function does with `size` bytes
/// of memory behind register `number`.
Status CheckMemory(Verification& v, unsigned number, uint32_t size,
                   bool zero_size_ok, HelperUse use);

/// Checks r1..r5 against `helper`'s description, and marks the memory that it
/// writes as written.
Status CheckArguments(Verification& v, const HelperPrototype& helper,
                      HelperCall& call);

}  // namespace ebpf::verifier
