// SPDX-License-Identifier: MIT
//
// Where followed calls return to: a stub for each instance, and what they all
// call. core/probes/DESIGN.md tells why there are so many; numbers as in
// core/machine/return_stubs.h.
        .set stub_count, 2048
        .set stub_shift, 3
        .set stub_size, 1 << stub_shift
        .set instance_shift, 6

        // struct pt_regs, arch/riscv64/pt_regs.h: pc, then x1, x2, ...; its
        // size is a multiple of 16.
        .set regs_epc, 0
        .set regs_status, 256
        .set regs_badaddr, 264
        .set regs_cause, 272
        .set regs_orig_a0, 280
        .set regs_size, 288

        .set sstatus_sie, 2

        .section ebpf_noprobe, "ax", %progbits
        .option norelax
        .globl ebpf_return_begin
        .hidden ebpf_return_begin
        .globl ebpf_return_end
        .hidden ebpf_return_end
        .globl ebpf_return_stubs
        .hidden ebpf_return_stubs
        .type ebpf_return_stubs, %function

        // Right behind the call, registers are the function's result and what
        // the caller keeps; but ra, which each call changes, and which the
        // stub's own JAL has set to where it is. gp and tp are the hart's:
        // nobody changes them here, and this may go on on another.
        .balign 16
ebpf_return_begin:
return_common:
        addi sp, sp, -regs_size
        sd t0, 40(sp)
        csrrci t0, sstatus, sstatus_sie
        .irp n, 1,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        sd x\n, 8 * \n(sp)
        .endr
        sd t0, regs_status(sp)
        addi t0, sp, regs_size
        sd t0, 16(sp)                   // x2; ebpf_return_hit sets pc
        sd zero, regs_badaddr(sp)
        sd zero, regs_cause(sp)
        sd a0, regs_orig_a0(sp)
        lla a1, ebpf_return_stubs + 4
        sub a1, ra, a1                  // the stub's offset
        slli a1, a1, instance_shift - stub_shift
1:      auipc a0, %pcrel_hi(ebpf_return_instances)
        ld a0, %pcrel_lo(1b)(a0)
        add a1, a1, a0
        mv a0, sp
        call ebpf_return_hit
        mv ra, a0
        ld t0, regs_status(sp)
        andi t0, t0, sstatus_sie
        csrs sstatus, t0
        .irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld x\n, 8 * \n(sp)
        .endr
        addi sp, sp, regs_size
        ret

        // An unwinder that finds a stub as a return address sees a frame that
        // has nothing but that: the same registers, and as return address the
        // first word of the stub's instance. It looks up the byte before.
        .balign stub_size
        .cfi_startproc simple
        // Unwinders know a frame by its CFA, the one that catches above all: a
        // stub's is sp + 2 * its number + 1, which is nobody else's.
        // Whole words are loaded: not each unwinder heeds a smaller size.
        .cfi_escape 0x0f, 13, 0x72, 0
        .cfi_escape 0x71, 0, 0x06, 0x08, 44, 0x25
        .cfi_escape 0x31, 0x24, 0x23, 1, 0x22
        // sp stays as it is.
        .cfi_escape 0x16, 2, 2, 0x72, 0
        // The value of register 1, the return address, is:
        .cfi_escape 0x16, 1, 31
        .cfi_escape 0x71, 0, 0x06, 0x08, 44, 0x25 // the stub's number
        .cfi_escape 0x12, 0x36, 0x24, 0x16, 0x33, 0x24
        .cfi_escape 0x71, 0, 0x16, 0x1c // the first stub
        .cfi_escape 0x38, 0x1c          // the word before it
        .cfi_escape 0x12, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26, 0x22
        .cfi_escape 0x06, 0x22, 0x06    // the array, the instance, its word
        .option norvc
        .word ebpf_return_instances - .
        .word 0
ebpf_return_stubs:
        .set number, 0
        .rept stub_count
        jal ra, return_common
        lui zero, number                // does nothing, and is not reached
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ebpf_return_stubs, . - ebpf_return_stubs
ebpf_return_end:
        .section .note.GNU-stack, "", %progbits
