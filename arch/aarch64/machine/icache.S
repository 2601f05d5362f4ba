// SPDX-License-Identifier: MIT
//
// The steps of icache.h, each a function of its own: what a test counts, it
// wraps when it links. None is probed: CPUs run the last one as they leave a
// rendezvous in which text has changed.
        .section ebpf_noprobe, "ax", %progbits
        .balign 4
        .globl ebpf_clean_data
        .hidden ebpf_clean_data
        .type ebpf_clean_data, %function
ebpf_clean_data:
        mrs x2, ctr_el0
        ubfx x2, x2, #16, #4            // DminLine, log2 of words
        mov x3, #4
        lsl x2, x3, x2
        add x1, x0, x1
        sub x3, x2, #1
        bic x0, x0, x3
1:      cmp x0, x1
        b.hs 2f
        dc cvau, x0
        add x0, x0, x2
        b 1b
2:      dsb ish
        ret
        .size ebpf_clean_data, . - ebpf_clean_data

        .globl ebpf_invalidate_insns
        .hidden ebpf_invalidate_insns
        .type ebpf_invalidate_insns, %function
ebpf_invalidate_insns:
        mrs x2, ctr_el0
        and x2, x2, #15                 // IminLine, likewise
        mov x3, #4
        lsl x2, x3, x2
        add x1, x0, x1
        sub x3, x2, #1
        bic x0, x0, x3
1:      cmp x0, x1
        b.hs 2f
        ic ivau, x0
        add x0, x0, x2
        b 1b
2:      dsb ish
        ret
        .size ebpf_invalidate_insns, . - ebpf_invalidate_insns

        .globl ebpf_sync_insn_stream
        .hidden ebpf_sync_insn_stream
        .type ebpf_sync_insn_stream, %function
ebpf_sync_insn_stream:
        isb
        ret
        .size ebpf_sync_insn_stream, . - ebpf_sync_insn_stream
        .section .note.GNU-stack, "", %progbits
