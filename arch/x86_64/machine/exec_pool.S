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
        .fill 524288, 1, 0xcc              // int3
ebpf_exec_pool_end:
        // Text that is nobody's, to fill with what was given back.
        .fill 4096, 1, 0xcc              // int3
        .section .note.GNU-stack, "", %progbits
