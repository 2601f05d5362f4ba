// SPDX-License-Identifier: MIT
//
// What this CPU has beyond what every x86-64 CPU has.
#pragma once

#include <stdint.h>

namespace ebpf::x86_64 {

/// Bits of arch/x86_64/macro_assembler.h, as CPUID tells. Where CPUs differ,
/// the port asks each and takes what all have. Context: any.
uint64_t CpuFeatures();

}  // namespace ebpf::x86_64
