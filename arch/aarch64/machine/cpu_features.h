// SPDX-License-Identifier: MIT
//
// What this CPU has beyond what every AArch64 CPU has.
#pragma once

#include <stdint.h>

namespace ebpf::aarch64 {

/// Bits of arch/aarch64/macro_assembler.h, as this CPU's identification
/// registers tell. Where CPUs differ, the port asks each and takes what all
/// have. Context: any, at EL1; or at EL0 where the kernel emulates the read, as
/// Linux does.
uint64_t CpuFeatures();

}  // namespace ebpf::aarch64
