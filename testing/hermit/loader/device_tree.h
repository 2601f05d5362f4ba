// SPDX-License-Identifier: MIT
//
// Finds in a flattened device tree the memory ranges that the loader asks for.
// [devicetree: chapter 5, Flattened Devicetree Format]
#pragma once

#include <stdint.h>

#include "core/base/span.h"

namespace hermit {

struct MemoryRange {
  uint64_t begin = 0;
  uint64_t size = 0;
};

/// The size that a tree's header claims, for the tree at `header`'s start;
/// 0 if it does not begin with a tree.
uint64_t DeviceTreeSize(ebpf::ConstBytes header);

/// Reads the first range of the property "reg" of the node at `path`, its
/// names from below the root on. A name stands for nodes with any unit address
/// ("memory" for memory@40000000), and the first one counts. Ranges are two
/// cells of address and two of size, as in QEMU's machines. False if there is
/// no such node or `tree` is damaged.
bool FindRange(ebpf::ConstBytes tree, ebpf::Span<const char* const> path,
               MemoryRange* range);

}  // namespace hermit
