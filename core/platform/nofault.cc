// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h by trying, where ebpf_port_nofault_ranges says that
// one may: for ports with a page-fault hook that do not say otherwise. Weak,
// and beside absent.cc for this_cpu.cc's reason.
#include "core/platform/nofault.h"

#include "core/platform/copy_nofault.h"
#include "core/platform/errors.h"
#include "core/platform/nofault_ranges.h"

#define EBPF_ABSENT __attribute__((weak))

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

extern "C" {

EBPF_ABSENT bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  return size == 0 || (ebpf::IsInNofaultRanges(from, size) &&
                       ebpf_copy_nofault(to, from, size));
}

EBPF_ABSENT int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                        size_t size) {
  const bool is_written =
      size == 0 || (ebpf::IsInNofaultRanges(to, size) &&
                    ebpf_copy_nofault(reinterpret_cast<void*>(to),
                                      reinterpret_cast<uintptr_t>(from), size));
  return is_written ? 0 : ebpf::kMinusFault;
}

}  // extern "C"
