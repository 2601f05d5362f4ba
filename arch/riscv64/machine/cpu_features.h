// SPDX-License-Identifier: MIT
//
// What this hart has beyond RV64GC: found by trying, since no register that the
// kernel may read tells.
#pragma once

#include <stdint.h>

extern "C" {

/// Whether the hart knows the instruction, where the port's hook of illegal
/// instructions calls FeatureFixup. Context: task.
[[gnu::visibility("hidden")]] bool ebpf_try_zba(void);
[[gnu::visibility("hidden")]] bool ebpf_try_zbb(void);

/// The instructions they try, and where they go on if it is none.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_try_zba_at[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_try_zbb_at[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_try_failed[];

}  // extern "C"

namespace ebpf::riscv64 {

/// Bits of arch/riscv64/macro_assembler.h. Only right where the port's hook of
/// illegal instructions calls FeatureFixup; elsewhere they kill. Where harts
/// differ, the port asks each and takes what all have. Context: task.
uint64_t CpuFeatures();

/// For the port's hook: if `pc`, where the exception happened, is an
/// instruction that CpuFeatures tries, sets it to where that goes on, and
/// returns true. Context: any.
inline bool FeatureFixup(uint64_t& pc) {
  if (pc != reinterpret_cast<uintptr_t>(ebpf_try_zba_at) &&
      pc != reinterpret_cast<uintptr_t>(ebpf_try_zbb_at)) {
    return false;
  }
  pc = reinterpret_cast<uintptr_t>(ebpf_try_failed);
  return true;
}

}  // namespace ebpf::riscv64
