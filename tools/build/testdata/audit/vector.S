// SPDX-License-Identifier: MIT
//
// Moves bytes through a register that a kernel does not save on entry.
        .text
        .globl move_vector
move_vector:
#if defined(__x86_64__)
        movups  (%rdi), %xmm0
        movups  %xmm0, (%rsi)
        ret
#elif defined(__aarch64__)
        .arch_extension simd
        ldr     q0, [x0]
        str     q0, [x1]
        ret
#elif defined(__riscv)
        .option arch, +v
        vle8.v  v8, (a0)
        vse8.v  v8, (a1)
        ret
#endif
        .section .note.GNU-stack, "", %progbits
