// SPDX-License-Identifier: MIT
//
// The plain port's accesses to memory that may not be there.
#include <stddef.h>
#include <stdint.h>

#include "core/capi/ebpf.h"
#include "core/platform/nofault.h"
#include "core/platform/nofault_ranges.h"
#include "testing/guest/personalities/plain/cpu.h"

using guest::plain::CopyNofault;

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {guest::plain::kRam, UINTPTR_MAX};
  return 1;
}

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  return ebpf::ReadByTrying(&CopyNofault, to, from, size);
}

extern "C" int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                       size_t size) {
  return ebpf::WriteByTrying(&CopyNofault, to, from, size);
}
