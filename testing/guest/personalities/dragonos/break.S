// SPDX-License-Identifier: MIT
//
// A breakpoint that is the kernel's, passed on as a careless port would, with
// interrupts as ebpf_breakpoint_entry's gate has left them.
        .section .text.entry, "ax", @progbits
        .globl __wrap_ebpf_port_breakpoint_entry
        .type __wrap_ebpf_port_breakpoint_entry, @function
__wrap_ebpf_port_breakpoint_entry:
        cmpb    $0, break_pass_on_masked(%rip)
        je      __real_ebpf_port_breakpoint_entry
        jmp     dragonos_trap_int3
        .size __wrap_ebpf_port_breakpoint_entry, . - __wrap_ebpf_port_breakpoint_entry

        .section .bss.break_pass_on_masked, "aw", @nobits
        .globl  break_pass_on_masked
break_pass_on_masked:
        .byte   0
        .section .note.GNU-stack, "", @progbits
