// SPDX-License-Identifier: MIT
//
// Arguments of kernel functions: what they are, their BTF and their names tell.
#pragma once

#include "core/verifier/iterator.h"
#include "core/verifier/kfunc_call.h"

namespace ebpf::verifier {

/// What the arguments of one call tell about its effects.
struct KernelCall {
  /// The register whose reference is given back; 0: none.
  unsigned released;
  /// The reference that one of the arguments holds.
  uint32_t reference;
  bool has_constant;  // `__k`, `__szk`
  uint64_t constant;
  bool has_result_size;  // rdonly_buf_size, rdwr_buf_size
  uint64_t result_size;
  bool result_read_only;
  bool has_iterator;
  IteratorPlace iterator;
  uint32_t callback;  // its first instruction
  bool has_dynptr;    // one that was there before
  RegState dynptr;
  /// An object of the program's own that is given back, or taken once more:
  /// its type, and whether the argument was a reference of it.
  const btf::Btf* object_btf;
  btf::TypeId object_type;
  bool holds_object;
};

/// Checks r1..r5 and marks the memory that is written as written.
Status CheckKernelArguments(Verification& v, const KernelFunction& function,
                            KernelCall& call);

}  // namespace ebpf::verifier
