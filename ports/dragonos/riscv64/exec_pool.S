// SPDX-License-Identifier: MIT
//
// Room for executable memory inside the kernel's text. (Page frames are further
// away than a call reaches: the direct map is 2 GiB above the image.)
// exec_memory.cc gives it out. Whoever strays into it meets a breakpoint.
        .section .text.ebpf_exec_pool, "ax", @progbits
        .balign 4096
        .globl EbpfDragonosExecPool
        .hidden EbpfDragonosExecPool
EbpfDragonosExecPool:
        .rept 524288 / 2
        .half 0x9002                    // c.ebreak
        .endr
        .section .note.GNU-stack, "", @progbits
