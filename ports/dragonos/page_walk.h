// SPDX-License-Identifier: MIT
//
// The kernel's page tables, read and (in our own window) written without the
// kernel's mapper, whose lock a stopped CPU may hold. [intel/vol3: 4.5]
#pragma once

#include <stdint.h>

namespace ebpf::dragonos {

inline constexpr uintptr_t kPageSize = 4096;

/// Bits of an entry.
inline constexpr uint64_t kEntryPresent = 1u << 0;
inline constexpr uint64_t kEntryWritable = 1u << 1;
inline constexpr uint64_t kEntryAccessed = 1u << 5;
inline constexpr uint64_t kEntryDirty = 1u << 6;
inline constexpr uint64_t kEntryLarge = 1u << 7;
inline constexpr uint64_t kEntryNoExecute = uint64_t{1} << 63;
inline constexpr uint64_t kEntryAddress = 0x000f'ffff'ffff'f000;

/// The entry that maps 4 KiB at `virt`, whether it is present or not; null if
/// there is no table for it or it is part of a larger leaf. Context: any.
uint64_t* PageEntry(uintptr_t virt);

/// The physical address behind `virt`, in leaves of any size; false if there
/// is none. Context: any.
bool Translate(uintptr_t virt, uint64_t* phys);

/// Whether the CPU has four levels of tables, which this reads.
bool HasFourLevels();

}  // namespace ebpf::dragonos
