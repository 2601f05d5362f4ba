// SPDX-License-Identifier: MIT
//
// The plain port's accesses to memory that may not be there.
#include <stddef.h>
#include <stdint.h>

#include "core/platform/nofault.h"
#include "testing/guest/personalities/plain/cpu.h"

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {guest::plain::kRam, UINTPTR_MAX};
  return 1;
}
