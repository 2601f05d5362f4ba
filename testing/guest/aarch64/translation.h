// SPDX-License-Identifier: MIT
//
// What the files of this folder know of the page tables.
#pragma once

#include <stdint.h>

namespace guest::aarch64 {

/// The table that every CPU's TTBR0_EL1 holds.
uint64_t KernelTable();

}  // namespace guest::aarch64
