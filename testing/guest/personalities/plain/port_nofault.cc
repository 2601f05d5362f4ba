// SPDX-License-Identifier: MIT
//
// The plain port's accesses to memory that may not be there.
#include <stddef.h>
#include <stdint.h>

#include "core/capi/ebpf.h"
#include "core/platform/nofault.h"
#include "testing/guest/personalities/plain/cpu.h"

using guest::plain::CopyNofault;
using guest::plain::kRam;

namespace {
constexpr int kMinusFault = -14;  // -EFAULT
}  // namespace

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {kRam, UINTPTR_MAX};
  return 1;
}

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  if (from < kRam || size > UINTPTR_MAX - from) {
    return size == 0;
  }
  return CopyNofault(to, from, size);
}

extern "C" int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                       size_t size) {
  if (size == 0) {
    return 0;
  }
  const bool is_there = to >= kRam && size <= UINTPTR_MAX - to &&
                        CopyNofault(reinterpret_cast<void*>(to),
                                    reinterpret_cast<uintptr_t>(from), size);
  return is_there ? 0 : kMinusFault;
}
