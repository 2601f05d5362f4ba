// SPDX-License-Identifier: MIT
//
// What the slots of detours call: arch/riscv64/detour.h. From here on pt_regs is
// made without a trap, and interrupts are masked as in one, until the slot gives
// them back. Who is interrupted here, before they are masked, came from a slot:
// core/probes/slot_pool.cc knows these addresses.
        .set regs_size, 288             // arch/riscv64/pt_regs.h
        .set regs_epc, 0
        .set regs_ra, 8
        .set regs_sp, 16
        .set regs_t1, 48
        .set regs_status, 256
        .set regs_badaddr, 264
        .set regs_cause, 272
        .set regs_orig_a0, 280
        .set link_at, 288               // of a far call, behind pt_regs
        .set far_size, 304              // Detour::kFarFrame

        .set far_entry_size, 64         // Detour::kFarEntrySize
        .set sstatus_sie, 2

        .section ebpf_noprobe, "ax", %progbits
        .option norelax
        .option norvc
        .globl ebpf_detour_begin
        .hidden ebpf_detour_begin
        .globl ebpf_detour_end
        .hidden ebpf_detour_end

        // A far slot calls the one of these whose register is its link. It is
        // dead before the probed instruction, and used up behind the call.
        .balign 64
        .type ebpf_detour_begin, %function
ebpf_detour_begin:
        .set entries, 0
        .irp n, 5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
        .org ebpf_detour_begin + entries * far_entry_size
        addi sp, sp, -far_size
        sd ra, regs_ra(sp)
        sd t1, regs_t1(sp)
        sd x\n, link_at(sp)
        mv t1, x\n
        addi ra, sp, far_size
        sd ra, regs_sp(sp)
        jal ra, detour_hit
        ld ra, regs_status(sp)
        ld x\n, link_at(sp)
        jr x\n
        .set entries, entries + 1
        .endr

        // What a near slot calls, ra kept and room made: Detour::kNearEntry.
        .org ebpf_detour_begin + entries * far_entry_size
        sd t1, regs_t1(sp)
        addi t1, sp, regs_size
        sd t1, regs_sp(sp)
        mv t1, ra

        // t1: the slot's link; ra, sp and t1 are in pt_regs.
detour_hit:
        sd t0, 40(sp)
        csrrci t0, sstatus, sstatus_sie
        sd t0, regs_status(sp)
        .irp n, 3,4,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        sd x\n, 8 * \n(sp)
        .endr
        sd t1, regs_epc(sp)             // in the slot
        sd zero, regs_badaddr(sp)
        sd zero, regs_cause(sp)
        sd a0, regs_orig_a0(sp)
        mv s1, ra
        mv a0, sp
        call ebpf_detour_hit
        bnez a0, detour_elsewhere
        mv ra, s1
        .irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld x\n, 8 * \n(sp)
        .endr
        ret
        .size ebpf_detour_begin, . - ebpf_detour_begin
ebpf_detour_end:

        // A consumer wants to go on elsewhere, and never back into the slot: at
        // a return, which ra is for, or at a function, where nobody needs t1.
detour_elsewhere:
        ld t0, regs_status(sp)
        andi t0, t0, sstatus_sie
        ld t1, regs_epc(sp)
        ld ra, regs_ra(sp)
        .irp n, 7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld x\n, 8 * \n(sp)
        .endr
        beq t1, ra, 1f
        csrs sstatus, t0
        ld t0, 40(sp)
        ld sp, regs_sp(sp)
        jr t1
1:      csrs sstatus, t0
        ld t0, 40(sp)
        ld t1, regs_t1(sp)
        ld sp, regs_sp(sp)
        ret
        .section .note.GNU-stack, "", %progbits
