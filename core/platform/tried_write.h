// SPDX-License-Identifier: MIT
//
// For ports to kernels whose page tables nobody can ask.
#pragma once

#include <stdint.h>

#include "core/platform/copy_nofault.h"

namespace ebpf {

/// Whether the page at `address` is there and can be written, by trying: what
/// is there is written again. Not where a device may be, and only where the
/// port's hook of faults has the copy's. Context: any.
inline bool CanBeWritten(uintptr_t address) {
  uint8_t byte;
  return ebpf_copy_nofault(&byte, address, 1) &&
         ebpf_copy_nofault(reinterpret_cast<void*>(address),
                           reinterpret_cast<uintptr_t>(&byte), 1);
}

}  // namespace ebpf
