// SPDX-License-Identifier: MIT
//
// The functions of all helpers that helpers.def implements.
#pragma once

#include <stdint.h>

namespace ebpf::helpers {

// As HelperFunction (prototype.h): arguments as the verifier let them pass.
#define EBPF_HELPER(id, name, function, ...)                            \
  uint64_t function(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, \
                    uint64_t r5);
#define EBPF_HELPER_KNOWN(...)
#include "core/helpers/helpers.def"
#undef EBPF_HELPER_KNOWN
#undef EBPF_HELPER

}  // namespace ebpf::helpers
