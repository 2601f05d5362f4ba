// SPDX-License-Identifier: MIT
//
// What the compiler keeps of each instruction between its passes: 8 bytes.
#pragma once

#include <stdint.h>

#include "core/isa/op.h"

namespace ebpf::jit {

struct InsnState {
  /// Bytes of code before this instruction: an upper bound after the first
  /// pass, exact after the second.
  uint64_t offset : 28;
  /// Form of the jump or call that ends its code, for Patch.
  uint64_t form : 2;
  /// Something jumps or falls in here from elsewhere: no fusing across.
  uint64_t is_target : 1;
  uint64_t is_function : 1;
  /// isa::Op; that of a second slot of LD_IMM64 is not looked at.
  uint64_t op : 8;
  /// Bit r, r0..r10: read after this instruction; its upper half is.
  uint64_t live_after : 11;
  uint64_t live_upper_after : 11;
  uint64_t skipped : 1;  // second slot, dead, or fused into one before
};
static_assert(sizeof(InsnState) == 8);
static_assert(isa::kOpCount <= 256);

/// No more than an unconditional jump of any CPU reaches.
inline constexpr uint32_t kMaxImageSize = 1u << 27;

}  // namespace ebpf::jit
