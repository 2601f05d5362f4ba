// SPDX-License-Identifier: MIT
//
// A breakpoint that is the kernel's: its own entry was behind a trap gate, which
// leaves interrupts as they were.
        .set pushed_flags, 16
        .set interrupt_flag, 1 << 9

        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_port_breakpoint_entry
        .type ebpf_port_breakpoint_entry, @function
ebpf_port_breakpoint_entry:
        testl $interrupt_flag, pushed_flags(%rsp)
        je 1f
        sti
1:      jmp dragonos_trap_int3
        .size ebpf_port_breakpoint_entry, . - ebpf_port_breakpoint_entry
        .section .note.GNU-stack, "", %progbits
