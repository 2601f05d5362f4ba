// SPDX-License-Identifier: MIT
//
// What the slots of detours call: arch/aarch64/detour.h. From here on pt_regs is
// made without a trap, and interrupts are masked as in one. Who is interrupted
// here, before or behind that, came from a slot or returns into one:
// core/probes/slot_pool.cc knows these addresses.
#include "arch/aarch64/machine/pt_regs.inc"

        .set slot_frame, 32             // x30, where it is in pt_regs, and on
        .set address_at, 16             // in the slot, from x30 on
        .set mode_el1h, 5

        .section .ebpf.noprobe, "ax", %progbits
        .globl ebpf_detour_begin
        .hidden ebpf_detour_begin
        .globl ebpf_detour_end
        .hidden ebpf_detour_end

        .balign 16
        .type ebpf_detour_begin, %function
ebpf_detour_begin:
        sub sp, sp, #(regs_size - slot_frame)
        stp x0, x1, [sp, #0]
        mrs x0, daif
        mrs x1, nzcv
        msr daifset, #3                 // interrupts of both kinds
        orr x0, x0, x1
        mov x1, #mode_el1h
        orr x0, x0, x1
        ldr x1, [x30, #address_at]
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
        tbnz w0, #0, 1f

        restore_x2_to_x29
        ldr x0, [sp, #regs_pstate]
        msr daif, x0
        ldp x0, x1, [sp, #0]
        add sp, sp, #(regs_size - slot_frame)
        ret

        // A consumer wants to go on elsewhere: at a function, or at a return
        // from one, where nobody needs x16.
1:      restore_x2_to_x29
        ldr x16, [sp, #regs_pc]
        ldr x30, [sp, #regs_x30]
        ldr x0, [sp, #regs_pstate]
        msr daif, x0
        ldp x0, x1, [sp, #0]
        add sp, sp, #regs_size
        ret x16
        .size ebpf_detour_begin, . - ebpf_detour_begin
ebpf_detour_end:
        .section .note.GNU-stack, "", %progbits
