// SPDX-License-Identifier: MIT
//
// What a RISC-V instruction does to the general registers, and where it leads:
// what must be known of code that is not run.
#pragma once

#include <stdint.h>

namespace ebpf::riscv64 {

/// Bit n stands for register n; bit 0 for none.
using RegisterSet = uint32_t;

constexpr RegisterSet SetOf(unsigned reg) { return (1u << reg) & ~1u; }

/// Errs to one side: it may say of more registers that they are read, and of
/// fewer that they are written.
struct InsnEffect {
  enum class Next : uint8_t {
    kFollowing,  // the next instruction
    kBranch,     // that, or `distance` from here
    kJump,       // `distance` from here
    kCall,       // somewhere, by a link in ra, and then the next one
    kReturn,     // where ra says
    kIndirect,   // where another register says
    kUnknown,    // a trap, a return from one, a call by another link, or nobody
                 // knows
  };

  RegisterSet reads = ~1u;
  RegisterSet writes = 0;
  Next next = Next::kUnknown;
  bool has_distance = false;  // also of direct calls, by any link
  bool may_fault = true;      // but for accesses at sp
  int64_t distance = 0;
};

/// Of an instruction of `size` bytes, 2 or 4, the lower ones of `insn`.
/// Context: any.
InsnEffect EffectOf(uint32_t insn, unsigned size);

}  // namespace ebpf::riscv64
