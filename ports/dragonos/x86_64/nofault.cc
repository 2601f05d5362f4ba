// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h on DragonOS, which has no exception table for kernel
// addresses: the hooks in its page fault and general protection handlers
// (trap.cc) are one for the copy of arch/x86_64.
#include "core/platform/nofault.h"

namespace {

// Where user space ends, and where DragonOS maps devices' registers.
constexpr uintptr_t kUserEnd = 0x0000'8000'0000'0000;
constexpr uintptr_t kDevicesBegin = 0xffff'a100'0000'0000;
constexpr uintptr_t kDevicesEnd = kDevicesBegin + (uintptr_t{1} << 30);

}  // namespace

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  // Between the user's half and the kernel's are no addresses at all.
  constexpr uintptr_t kKernelBegin = ~uintptr_t{0} - (kUserEnd - 1);
  (*ranges)[0] = {kKernelBegin, kDevicesBegin - 1};
  (*ranges)[1] = {kDevicesEnd, UINTPTR_MAX};
  return 2;
}
