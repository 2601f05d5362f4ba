// SPDX-License-Identifier: MIT
//
// The page tables that Hermit's kernel finds on AArch64 and goes on with.
// [arm/aarch64: D8, The AArch64 Virtual Memory System Architecture]
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

inline constexpr uint64_t kSmallPage = 4096;
inline constexpr uint64_t kLargePage = 2 << 20;

/// What the kernel expects in MAIR_EL1, by attribute index: device memory
/// nGnRnE, nGnRE and GRE, normal memory not cacheable and write-back.
inline constexpr uint64_t kMemoryAttributes = 0xff'44'0c'04'00;

/// TCR_EL1: 48-bit addresses from TTBR0 in 4 KiB pages, walks cached
/// write-back and inner shareable, nothing from TTBR1, 40-bit physical.
inline constexpr uint64_t kTranslationControl =
    16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | uint64_t{2} << 32;

struct alignas(kSmallPage) PageTable {
  uint64_t entries[512];
};

/// As many tables as the mappings below need.
struct PageTables {
  static constexpr size_t kMaxLargePages = 16;

  PageTable level0;
  PageTable level1;
  PageTable device_level2;
  PageTable device_level3;
  PageTable memory_level2;
  PageTable memory_level3[kMaxLargePages];
};

/// Maps one to one: the page at `serial_port` as device memory, and the memory
/// [begin, end), read-write-execute in small pages as Hermit's own loader does.
/// What lies behind `end` the kernel maps itself, through the last entry of
/// level 0, which points to level 0. `tables` is zeroed and mapped one to one.
/// `begin` and `end` are multiples of kLargePage in one GiB, not the serial
/// port's, and at most kMaxLargePages apart; otherwise returns false.
bool BuildPageTables(uint64_t serial_port, uint64_t begin, uint64_t end,
                     PageTables* tables);

}  // namespace hermit
