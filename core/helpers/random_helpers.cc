// SPDX-License-Identifier: MIT
//
// The helper for random numbers.
#include "core/helpers/functions.h"
#include "core/platform/time.h"

namespace ebpf::helpers {

/// u32 bpf_get_prandom_u32(void)
uint64_t GetPrandomU32(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_random() >> 32;
}

}  // namespace ebpf::helpers
