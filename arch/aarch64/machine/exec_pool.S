// SPDX-License-Identifier: MIT
//
// Room for executable memory inside of a kernel's text: core/platform's
// exec_pool.h. Whoever strays into it meets a breakpoint.
        .section .text.ebpf_exec_pool, "ax", %progbits
        .globl ebpf_exec_pool
        .hidden ebpf_exec_pool
        .globl ebpf_exec_pool_end
        .hidden ebpf_exec_pool_end
        .balign 4096
ebpf_exec_pool:
        .rept 524288 / 4
        brk #0
        .endr
ebpf_exec_pool_end:
        // Text that is nobody's, to fill with what was given back.
        .rept 4096 / 4
        brk #0
        .endr
        .section .note.GNU-stack, "", %progbits
