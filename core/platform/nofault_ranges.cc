// SPDX-License-Identifier: MIT
//
// core/platform/nofault_ranges.h's implementation.
#include "core/platform/nofault_ranges.h"

#include "core/platform/nofault.h"

namespace ebpf {

bool IsInNofaultRanges(uintptr_t address, size_t size) {
  ebpf_address_range ranges[EBPF_MAX_NOFAULT_RANGES];
  const size_t count = ebpf_port_nofault_ranges(&ranges);
  for (size_t i = 0; i < count; ++i) {
    const ebpf_address_range& range = ranges[i];
    if (address >= range.first && address <= range.last &&
        size - 1 <= range.last - address) {
      return size != 0;
    }
  }
  return false;
}

}  // namespace ebpf
