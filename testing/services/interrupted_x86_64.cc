// SPDX-License-Identifier: MIT
#include "testing/services/interrupted.h"

namespace ebpf {

InterruptedRegs Interrupted(uint64_t pc, uint64_t frame) {
  constexpr size_t kPc = 16;    // rip
  constexpr size_t kFrame = 4;  // rbp
  InterruptedRegs regs = {};
  for (uint64_t& word : regs.words) {
    word = UINT64_MAX - 7;
  }
  regs.words[kPc] = pc;
  regs.words[kFrame] = frame;
  return regs;
}

const int64_t kCallerFrame = 0;

}  // namespace ebpf
