// SPDX-License-Identifier: MIT
//
// Which registers nobody reads any more at a place in a RISC-V function.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/insn_effect.h"
#include "core/base/span.h"

namespace ebpf::riscv64 {

/// Registers that calls need not preserve: t0 to t6, a0 to a7.
inline constexpr RegisterSet kTemporaries = 0xf003fce0;

/// Those of kTemporaries that are proven dead before the instruction at
/// `offset`: on each way from there the function writes them before it, or
/// somebody else, may read them. Empty where that cannot be told. The work is
/// bounded, whatever the code is. Context: any.
///
/// `code` is all of the function, without breakpoints. What is assumed of it is
/// what the calling convention says, and what compilers make of it:
///
/// - A call may read all but t0 and t1 (LLVM passes arguments in t2 to t6 where
///   it knows all callers), and may leave any as they were (GCC's -fipa-ra
///   keeps values in registers that it knows the callee not to use).
/// - For that reason a return reads each register that this function does not
///   write anywhere. Of those that it writes, the results, a0 and a1, are read,
///   and any that it loads from the stack: perhaps it preserves them.
/// - An access to memory may fault, and an exception table have the code go on
///   anywhere; one at sp does not.
/// - Whoever is jumped to outside of `code` (tail calls; parts of the function
///   that lie elsewhere) may read all, and so may who handles a trap on
///   purpose.
///
/// So at an entry t0 to t6 are not taken for dead just because the convention
/// says so: the function must use them.
RegisterSet DeadAt(ConstBytes code, size_t offset);

/// Those of them that are known from the function's first part `code` alone: on
/// each way they are written in it, before it returns.
RegisterSet DeadWithin(ConstBytes code, size_t offset);

}  // namespace ebpf::riscv64
