// SPDX-License-Identifier: MIT
//
// What LoaderMain gives to boot.S: everything that the jump into the kernel
// takes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/hermit/loader/boot_info.h"

namespace hermit {

struct Handoff {
  uint64_t entry;
  const BootInfo* boot_info;
  /// The *lowest* byte of the kernel's boot stack: the kernel adds its size.
  uint8_t* stack;
  uint64_t root_table;           // for TTBR0_EL1
  uint64_t memory_attributes;    // for MAIR_EL1
  uint64_t translation_control;  // for TCR_EL1
};
// boot.S loads them in this order.
static_assert(sizeof(Handoff) == 48);

}  // namespace hermit
