// SPDX-License-Identifier: MIT
//
// Reads from a flattened device tree what a guest asks of it: where memory is,
// and what the boot loader was told to tell. [devicetree: chapter 5, Flattened
// Devicetree Format]
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

/// The characters of /chosen's bootargs (QEMU's -append); null if there are
/// none. They end with a zero inside the blob.
const char* FindFdtBootArguments(const void* blob, size_t limit);

}  // namespace guest
