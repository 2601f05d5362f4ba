// SPDX-License-Identifier: MIT
//
// ebpf_try_zba() and ebpf_try_zbb(): see cpu_features.h. The instructions are
// given as numbers, for assemblers that are told of RV64GC only.
        // Not probed: a step out of line would fault at another address.
        .section ebpf_noprobe, "ax", %progbits
        .option norelax
        .balign 4
        .globl ebpf_try_zba
        .hidden ebpf_try_zba
        .type ebpf_try_zba, %function
        .globl ebpf_try_zba_at
        .hidden ebpf_try_zba_at
ebpf_try_zba:
ebpf_try_zba_at:
        .insn r 0x33, 2, 0x10, a0, a0, a0       // sh1add a0, a0, a0
        li a0, 1
        ret
        .size ebpf_try_zba, . - ebpf_try_zba

        .balign 4
        .globl ebpf_try_zbb
        .hidden ebpf_try_zbb
        .type ebpf_try_zbb, %function
        .globl ebpf_try_zbb_at
        .hidden ebpf_try_zbb_at
        .globl ebpf_try_failed
        .hidden ebpf_try_failed
ebpf_try_zbb:
ebpf_try_zbb_at:
        .insn i 0x13, 5, a0, a0, 0x6b8          // rev8 a0, a0
        li a0, 1
        ret
ebpf_try_failed:
        li a0, 0
        ret
        .size ebpf_try_zbb, . - ebpf_try_zbb
        .section .note.GNU-stack, "", %progbits
