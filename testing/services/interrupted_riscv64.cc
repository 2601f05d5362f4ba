// SPDX-License-Identifier: MIT
#include "testing/services/interrupted.h"

namespace ebpf {

InterruptedRegs Interrupted(uint64_t pc, uint64_t frame) {
  constexpr size_t kPc = 0;     // pc
  constexpr size_t kFrame = 8;  // s0
  InterruptedRegs regs = {};
  for (uint64_t& word : regs.words) {
    word = UINT64_MAX - 7;
  }
  regs.words[kPc] = pc;
  regs.words[kFrame] = frame;
  return regs;
}

const int64_t kCallerFrame = -16;

}  // namespace ebpf
