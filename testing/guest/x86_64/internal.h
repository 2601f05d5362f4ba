// SPDX-License-Identifier: MIT
//
// What the files of this folder know of each other.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::x86_64 {

/// Where RAM and the image are mapped: virtual = kKernelBase + physical.
inline constexpr uintptr_t kKernelBase = 0xffff'8000'0000'0000;
/// Where device registers are mapped, as in DragonOS.
inline constexpr uintptr_t kDeviceBase = 0xffff'a100'0000'0000;

// The vectors of the interrupts that the guest uses.
inline constexpr uint8_t kTimerVector = 151;
inline constexpr uint8_t kIpiVector = 205;
inline constexpr uint8_t kSpuriousVector = 255;

inline constexpr uint16_t kCodeSelector = 0x08;
inline constexpr uint16_t kDataSelector = 0x10;

inline constexpr uint16_t kFirstTaskSelector = 0x18;

/// The CPU whose task register holds `selector`.
[[gnu::always_inline]] inline uint32_t CpuOfTask(uint16_t selector) {
  return static_cast<uint32_t>(selector - kFirstTaskSelector) / 16;
}

template <typename T>
T* PhysicalPointer(uint64_t address) {
  return reinterpret_cast<T*>(kKernelBase + address);
}

/// Builds the kernel's own page tables for `ram_size` bytes of RAM and
/// switches to them. Takes their memory from the pages at `*free_begin`
/// (physical) and moves that forward.
void InitPaging(uint64_t ram_size, uint64_t* free_begin);

/// The physical address of the top page table.
uint64_t PageTable();

/// Maps one page of device registers, uncached.
void MapDevice(uintptr_t virt, uint64_t phys);

/// Sets up GDT, task register and IDT of this CPU.
void InitCpu(uint32_t cpu);

/// Maps and enables the local APIC of CPU 0, and measures it and the TSC.
void InitApic();
/// Enables that of another CPU.
void EnableApic();

/// Sends INIT and twice start-up to `cpu`, for code at `page`.
void SendStartup(uint32_t cpu, uint64_t page);

/// Waits by the TSC.
void WaitMicroseconds(uint64_t microseconds);

}  // namespace guest::x86_64
