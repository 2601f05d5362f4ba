// SPDX-License-Identifier: MIT
//
// ebpf_port_read_nofault and ebpf_port_write_nofault by trying, for ports with
// a page-fault hook whose ebpf_port_nofault_ranges says where one may.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Whether all `size` bytes at `address` are in one of the ranges of
/// ebpf_port_nofault_ranges. Context: any.
bool IsInNofaultRanges(uintptr_t address, size_t size);

/// ebpf_copy_nofault of arch/<isa>/machine/nofault.h, whichever CPU it is.
using NofaultCopy = bool (*)(void* to, uintptr_t from, size_t size);

/// ebpf_port_read_nofault. Context: any.
[[nodiscard]] inline bool ReadByTrying(NofaultCopy copy, void* to,
                                       uintptr_t from, size_t size) {
  return size == 0 || (IsInNofaultRanges(from, size) && copy(to, from, size));
}

/// ebpf_port_write_nofault. Context: any.
[[nodiscard]] inline int WriteByTrying(NofaultCopy copy, uintptr_t to,
                                       const void* from, size_t size) {
  constexpr int kMinusFault = -14;
  const bool is_written =
      size == 0 || (IsInNofaultRanges(to, size) &&
                    copy(reinterpret_cast<void*>(to),
                         reinterpret_cast<uintptr_t>(from), size));
  return is_written ? 0 : kMinusFault;
}

}  // namespace ebpf
