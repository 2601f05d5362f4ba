// SPDX-License-Identifier: MIT
//
// Arguments of helpers.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/verification.h"

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

/// Checks r1..r5 against `helper`'s description, and marks the memory that it
/// writes as written.
Status CheckArguments(Verification& v, const HelperPrototype& helper,
                      HelperCall& call);

}  // namespace ebpf::verifier
