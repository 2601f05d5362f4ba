// SPDX-License-Identifier: MIT
//
// core/platform/user.h on Alien: a process has page tables of its own, which
// the kernel walks; the frames behind them are at their physical addresses.
#include "core/platform/user.h"

#include "core/platform/user_pages.h"
#include "ports/alien/kernel.h"

namespace {

/// Sv39: half of the 39 bits' range is the user's.
constexpr uint64_t kUserEnd = uint64_t{1} << 38;

/// Where the kernel finds the byte at `va`, of a page that the process may read
/// (or write); 0 if it may not. Brings the page in if it is not there yet.
uintptr_t KernelAddress(uintptr_t va, bool write) {
  uintptr_t pa = 0;
  uint32_t flags = 0;
  // A page may have to be loaded, and then copied from another process's.
  for (int faults = 0; faults <= 2; ++faults) {
    if (!alien_user_query(va, &pa, &flags)) {
      return 0;
    }
    if ((flags & ALIEN_MAP_VALID) == 0) {
      if (!alien_user_page_fault(va, false)) {
        return 0;
      }
      continue;
    }
    if ((flags & ALIEN_MAP_USER) == 0 || (flags & ALIEN_MAP_READ) == 0) {
      return 0;
    }
    if (!write || (flags & ALIEN_MAP_WRITE) != 0) {
      return pa;
    }
    if ((flags & ALIEN_MAP_COPY_ON_WRITE) == 0 ||
        !alien_user_page_fault(va, true)) {
      return 0;
    }
  }
  return 0;
}

}  // namespace

constinit const ebpf::UserPages ebpf::user_pages = {.end = kUserEnd,
                                                    .find = &KernelAddress};

// Alien has no users but root: getuid(2) is 0 in every process.
extern "C" bool ebpf_port_capable(int /*capability*/) { return true; }
