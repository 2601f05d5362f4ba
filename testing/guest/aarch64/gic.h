// SPDX-License-Identifier: MIT
//
// The interrupt controller of QEMU's `virt,gic-version=3`.
#pragma once

#include <stdint.h>

namespace guest::aarch64 {

inline constexpr uint32_t kIpiInterrupt = 0;     // a software interrupt
inline constexpr uint32_t kTimerInterrupt = 27;  // of the virtual timer
inline constexpr uint32_t kNoInterrupt = 1023;

// Device registers, mapped at their physical addresses.
inline constexpr uintptr_t kGicBegin = 0x08000000;
inline constexpr uintptr_t kGicEnd = 0x09000000;

/// CPUs that have a redistributor, i.e. all there are.
uint32_t GicCpuCount();

/// Brings up the distributor; once, on CPU 0.
void InitGicDistributor();

/// Lets this CPU have its timer's interrupts and those of other CPUs.
void InitGicCpu(uint32_t cpu);

/// Takes the next interrupt of this CPU and ends it; kNoInterrupt if none.
uint32_t TakeInterrupt();

/// Sends kIpiInterrupt. Context: any.
void SendGicIpi(uint32_t cpu);

}  // namespace guest::aarch64
