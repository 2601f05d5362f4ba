// SPDX-License-Identifier: MIT
//
// Reads from a flattened device tree the one thing that a guest asks of it:
// where memory is. [devicetree: chapter 5, Flattened Devicetree Format]
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest {

struct FdtMemory {
  uint64_t base;
  uint64_t size;
};

/// The first range of the first memory node (/memory@...) of the tree in the
/// `limit` readable bytes at `blob`; false if there is none or the bytes are
/// no tree. Expects two cells for address and size, as QEMU writes them.
bool FindFdtMemory(const void* blob, size_t limit, FdtMemory* memory);

}  // namespace guest
