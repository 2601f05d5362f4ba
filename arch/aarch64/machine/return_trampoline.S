// SPDX-License-Identifier: MIT
//
// Where followed calls return to: a stub for each instance, and what they all
// call. core/probes/DESIGN.md tells why there are so many; numbers as in
// core/machine/return_stubs.h.
#include "arch/aarch64/machine/pt_regs.inc"

        .set stub_count, 2048
        .set stub_shift, 3
        .set stub_size, 1 << stub_shift
        .set instance_shift, 6

        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_return_begin
        .hidden ebpf_return_begin
        .globl ebpf_return_end
        .hidden ebpf_return_end
        .globl ebpf_return_stubs
        .hidden ebpf_return_stubs
        .type ebpf_return_stubs, %function

        // Right behind the call, registers and flags are the function's result
        // and what the caller keeps; but x30, which each call changes, and
        // which the stub's own BL has set to where it is.
        .balign 16
ebpf_return_begin:
return_common:
        sub sp, sp, #regs_size
        stp x0, x1, [sp, #0]
        // x18 may be the CPU's own: while it is ours to give back, the task
        // stays on this one.
        mrs x1, daif
        msr daifset, #3                 // interrupts of both kinds
        save_x2_to_x29
        mov x3, x1
        add x1, sp, #regs_size
        stp x30, x1, [sp, #regs_x30]    // and sp
        mrs x2, nzcv
        orr x2, x2, x3
        mrs x3, CurrentEL
        orr x2, x2, x3
        mrs x3, SPSel
        orr x2, x2, x3
        str x2, [sp, #regs_pstate]      // ebpf_return_hit sets pc
        adr x1, ebpf_return_stubs + 4
        sub x1, x30, x1                 // the stub's offset
        adrp x0, ebpf_return_instances
        ldr x0, [x0, #:lo12:ebpf_return_instances]
        add x1, x0, x1, lsl #instance_shift - stub_shift
        mov x0, sp
        bl ebpf_return_hit
        mov x30, x0
        ldr x0, [sp, #regs_pstate]
        msr nzcv, x0
        restore_x2_to_x29
        msr daif, x0
        ldp x0, x1, [sp, #0]
        add sp, sp, #regs_size
        ret

        // An unwinder that finds a stub as a return address sees a frame that
        // has nothing but that: the same registers, and as return address the
        // first word of the stub's instance. It looks up the byte before.
        .balign stub_size
        .cfi_startproc simple
        // Unwinders know a frame by its CFA, the one that catches above all: a
        // stub's is sp + 2 * its number + 1, which is nobody else's.
        // Whole words are loaded: not each unwinder heeds a smaller size.
        .cfi_escape 0x0f, 13, 0x8f, 0
        .cfi_escape 0x8e, 0, 0x06, 0x08, 32, 0x25
        .cfi_escape 0x31, 0x24, 0x23, 1, 0x22
        // sp stays as it is.
        .cfi_escape 0x16, 31, 2, 0x8f, 0
        // The value of register 30, the return address, is:
        .cfi_escape 0x16, 30, 31
        .cfi_escape 0x8e, 0, 0x06, 0x08, 32, 0x25 // the stub's number
        .cfi_escape 0x12, 0x36, 0x24, 0x16, 0x33, 0x24
        .cfi_escape 0x8e, 0, 0x16, 0x1c // the first stub
        .cfi_escape 0x38, 0x1c          // the word before it
        .cfi_escape 0x12, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26, 0x22
        .cfi_escape 0x06, 0x22, 0x06    // the array, the instance, its word
        .word ebpf_return_instances - .
        .word 0
ebpf_return_stubs:
        .set number, 0
        .rept stub_count
        bl return_common
        .inst number                    // UDF, never executed
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ebpf_return_stubs, . - ebpf_return_stubs
ebpf_return_end:
        .section .note.GNU-stack, "", %progbits
