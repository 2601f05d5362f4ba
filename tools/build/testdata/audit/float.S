// SPDX-License-Identifier: MIT
//
// Adds two numbers in floating-point registers.
        .text
        .globl add_floats
add_floats:
#if defined(__x86_64__)
        addsd   %xmm1, %xmm0
        ret
#elif defined(__aarch64__)
        .arch_extension fp
        fadd    d0, d0, d1
        ret
#elif defined(__riscv)
        fadd.d  fa0, fa0, fa1
        ret
#endif
        .section .note.GNU-stack, "", %progbits
