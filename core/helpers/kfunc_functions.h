// SPDX-License-Identifier: MIT
//
// The functions of all kernel functions that kfunc_functions.def implements.
#pragma once

#include <stdint.h>

namespace ebpf::helpers {

/// What has nothing to do: programs run in a read section, with preemption off.
uint64_t KfuncNothing(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,
                      uint64_t r5);

// As KfuncFunction (kfuncs.h): arguments as the verifier let them pass.
#define EBPF_KFUNC_FUNCTION(name, function)                             \
  uint64_t function(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, \
                    uint64_t r5);
#include "core/helpers/kfunc_functions.def"
#undef EBPF_KFUNC_FUNCTION

}  // namespace ebpf::helpers
