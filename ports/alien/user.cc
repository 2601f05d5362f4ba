// SPDX-License-Identifier: MIT
//
// core/platform/user.h on Alien: a process has page tables of its own, which
// the kernel walks; the frames behind them are at their physical addresses.
#include "core/platform/user.h"

#include "core/base/memory.h"
#include "core/base/types.h"
#include "ports/alien/kernel.h"

namespace {

constexpr size_t kPageSize = 4096;
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

template <typename Copy>
bool ForEachPiece(uint64_t user, size_t size, bool write, Copy copy) {
  if (size > kUserEnd || user > kUserEnd - size) {
    return false;
  }
  for (size_t done = 0; done < size;) {
    const uintptr_t va = user + done;
    const size_t piece = ebpf::Min(size - done, kPageSize - va % kPageSize);
    const uintptr_t address = KernelAddress(va, write);
    if (address == 0) {
      return false;
    }
    copy(address, done, piece);
    done += piece;
  }
  return true;
}

}  // namespace

extern "C" {

bool ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  return ForEachPiece(
      from, size, false, [to](uintptr_t address, size_t done, size_t piece) {
        ebpf::CopyBytes(static_cast<uint8_t*>(to) + done,
                        reinterpret_cast<const void*>(address), piece);
      });
}

bool ebpf_port_copy_to_user(uint64_t to, const void* from, size_t size) {
  return ForEachPiece(
      to, size, true, [from](uintptr_t address, size_t done, size_t piece) {
        ebpf::CopyBytes(reinterpret_cast<void*>(address),
                        static_cast<const uint8_t*>(from) + done, piece);
      });
}

// Alien has no users but root: getuid(2) is 0 in every process.
bool ebpf_port_capable(int /*capability*/) { return true; }

}  // extern "C"
