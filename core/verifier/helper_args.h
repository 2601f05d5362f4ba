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
  uint32_t callback;        // kCallback: its first instruction
  uint32_t allocated_size;  // kAllocSize
  uint64_t max_size;        // the largest kSize
  bool has_size;
  uint32_t released;  // the reference in an argument that is given back
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
