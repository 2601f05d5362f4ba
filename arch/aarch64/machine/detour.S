// SPDX-License-Identifier: MIT
//
// What the slots of detours call: arch/aarch64/detour.h. From here on pt_regs is
// made without a trap, and interrupts are masked as in one. Who is interrupted
// from ebpf_detour_begin on, before that, came from a slot:
// core/probes/slot_pool.cc knows these addresses. The slot gives interrupts back.
#include "arch/aarch64/machine/pt_regs.inc"

        .set slot_frame, 32             // x30, where it is in pt_regs, and on
        .set address_at, 20             // in the slot, from x30 on

        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_detour_begin
        .hidden ebpf_detour_begin
        .globl ebpf_detour_end
        .hidden ebpf_detour_end

        .balign 16
        // A consumer wants to go on elsewhere: at a function, or at a return
        // from one, where nobody needs x16. Who is interrupted here returns
        // into no slot.
        .type leave_elsewhere, %function
leave_elsewhere:
        restore_x2_to_x29
        ldr x16, [sp, #regs_pc]
        ldr x30, [sp, #regs_x30]
        ldr x0, [sp, #regs_pstate]
        msr daif, x0
        ldp x0, x1, [sp, #0]
        add sp, sp, #regs_size
        ret x16
        .size leave_elsewhere, . - leave_elsewhere

        .type ebpf_detour_begin, %function
ebpf_detour_begin:
        sub sp, sp, #(regs_size - slot_frame)
        stp x0, x1, [sp, #0]
        mrs x0, daif
        mrs x1, nzcv
        msr daifset, #3                 // interrupts of both kinds
        orr x0, x0, x1
        mrs x1, CurrentEL
        orr x0, x0, x1
        mrs x1, SPSel
        orr x0, x0, x1
        ldrsw x1, [x30, #address_at]    // how far from x30
        add x1, x1, x30
        stp x1, x0, [sp, #regs_pc]      // and pstate
        add x0, sp, #regs_size
        str x0, [sp, #regs_sp]
        save_x2_to_x29
        mov x19, x30                    // into the slot
        mov x0, sp
        bl ebpf_detour_hit
        mov x30, x19
        ldr x1, [sp, #regs_pstate]
        msr nzcv, x1
        tbnz w0, #0, leave_elsewhere

        restore_x2_to_x29
        ldp x0, x1, [sp, #0]
        add sp, sp, #(regs_size - slot_frame)
        ret
        .size ebpf_detour_begin, . - ebpf_detour_begin
ebpf_detour_end:
        .section .note.GNU-stack, "", %progbits
