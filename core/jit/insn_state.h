// SPDX-License-Identifier: MIT
//
// What the compiler keeps of each instruction between its passes: 8 bytes.
#pragma once

#include <stdint.h>

#include "core/isa/op.h"

namespace ebpf::jit {

struct InsnState {
  // What the passes over the code write.

  /// Bytes of code before this instruction: an upper bound after the first
  /// pass, exact after the second.
  uint32_t offset : 28;
  /// Form of the jump or call that ends its code, for Patch.
  uint32_t form : 2;
  /// Its code ends with what Patch completes...
  uint32_t patched : 1;
  /// ... but for FunctionInfo::trailing_bytes.
  uint32_t trails : 1;

  // What they read. Apart, or each read would wait for the write before it.
  uint32_t : 0;

  /// Something jumps or falls in here from elsewhere: no fusing across.
  uint32_t is_target : 1;
  uint32_t is_function : 1;
  uint32_t skipped : 1;  // second slot, or dead
  uint32_t alone : 1;    // the first pass found nothing to fuse it with
  /// isa::Op; that of a second slot of LD_IMM64 is not looked at.
  uint32_t op : 8;
  /// Bit r, r0..r9: read after this instruction; its upper half is.
  uint32_t live_after : 10;
  uint32_t live_upper_after : 10;
};
static_assert(sizeof(InsnState) == 8);
static_assert(isa::kOpCount <= 256);

/// No more than an unconditional jump of any CPU reaches.
inline constexpr uint32_t kMaxImageSize = 1u << 27;

}  // namespace ebpf::jit
