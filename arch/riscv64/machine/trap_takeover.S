// SPDX-License-Identifier: MIT
//
// The trap vector that stands before a kernel's own. A breakpoint goes to
// ebpf_on_breakpoint, another exception to ebpf_taken_fault, which knows those
// that were expected, the timer's interrupt to ebpf_taken_tick, which knows for
// whom it is, another CPU's to ebpf_taken_ask, and on; other interrupts, and
// what is nobody's, go to the kernel's vector with every register and CSR as it
// was or, where a probed instruction failed in its slot, as if it had failed at
// its own place.
// [riscv/priv: Supervisor CSRs]
//
// The kernel runs in supervisor mode with sscratch 0, on whatever stack there
// is, and its own vector begins by the same assumption. The frame lies on
// the interrupted stack, with a gap between: an emulated store writes there
// before the frame is given up.

	.equ	FRAME_SIZE, 288		// taken_frame.h
	.equ	GAP_SIZE, 512
	.equ	FRAME_SP, 16
	.equ	FRAME_T0, 40
	.equ	FRAME_T1, 48
	.equ	FRAME_STATUS, 256
	.equ	FRAME_FAULT_ADDRESS, 264
	.equ	FRAME_CAUSE, 272
	.equ	FRAME_ORIGINAL_A0, 280
	.equ	CAUSE_BREAKPOINT, 3
	.equ	CAUSE_SOFTWARE, 1	// of interrupts, as is the next
	.equ	CAUSE_TIMER, 5
	.equ	PENDING_SOFTWARE, 2	// in sip

	// t0 and t1 are saved already.
	.macro	save_registers
	sd	x1, 8(sp)
	sd	x3, 24(sp)
	sd	x4, 32(sp)
	sd	x7, 56(sp)
	sd	x8, 64(sp)
	sd	x9, 72(sp)
	sd	x10, 80(sp)
	sd	x11, 88(sp)
	sd	x12, 96(sp)
	sd	x13, 104(sp)
	sd	x14, 112(sp)
	sd	x15, 120(sp)
	sd	x16, 128(sp)
	sd	x17, 136(sp)
	sd	x18, 144(sp)
	sd	x19, 152(sp)
	sd	x20, 160(sp)
	sd	x21, 168(sp)
	sd	x22, 176(sp)
	sd	x23, 184(sp)
	sd	x24, 192(sp)
	sd	x25, 200(sp)
	sd	x26, 208(sp)
	sd	x27, 216(sp)
	sd	x28, 224(sp)
	sd	x29, 232(sp)
	sd	x30, 240(sp)
	sd	x31, 248(sp)
	addi	t0, sp, FRAME_SIZE + GAP_SIZE
	sd	t0, FRAME_SP(sp)
	csrr	t0, sepc
	sd	t0, 0(sp)
	csrr	t0, sstatus
	sd	t0, FRAME_STATUS(sp)
	csrr	t0, stval
	sd	t0, FRAME_FAULT_ADDRESS(sp)
	csrr	t0, scause
	sd	t0, FRAME_CAUSE(sp)
	sd	a0, FRAME_ORIGINAL_A0(sp)
	.endm

	// All but sp.
	.macro	load_registers
	ld	t0, 0(sp)
	csrw	sepc, t0
	ld	t0, FRAME_STATUS(sp)
	csrw	sstatus, t0
	ld	x1, 8(sp)
	ld	x3, 24(sp)
	ld	x4, 32(sp)
	ld	x5, 40(sp)
	ld	x6, 48(sp)
	ld	x7, 56(sp)
	ld	x8, 64(sp)
	ld	x9, 72(sp)
	ld	x10, 80(sp)
	ld	x11, 88(sp)
	ld	x12, 96(sp)
	ld	x13, 104(sp)
	ld	x14, 112(sp)
	ld	x15, 120(sp)
	ld	x16, 128(sp)
	ld	x17, 136(sp)
	ld	x18, 144(sp)
	ld	x19, 152(sp)
	ld	x20, 160(sp)
	ld	x21, 168(sp)
	ld	x22, 176(sp)
	ld	x23, 184(sp)
	ld	x24, 192(sp)
	ld	x25, 200(sp)
	ld	x26, 208(sp)
	ld	x27, 216(sp)
	ld	x28, 224(sp)
	ld	x29, 232(sp)
	ld	x30, 240(sp)
	ld	x31, 248(sp)
	.endm

	.option	norelax
	.section ebpf_noprobe, "ax", @progbits
	.balign	4
	.globl	ebpf_taken_vector
	.hidden	ebpf_taken_vector
	.type	ebpf_taken_vector, @function
ebpf_taken_vector:
	addi	sp, sp, -(FRAME_SIZE + GAP_SIZE)
	sd	t0, FRAME_T0(sp)
	csrr	t0, scause
	bltz	t0, interrupt
	sd	t1, FRAME_T1(sp)
	addi	t1, t0, -CAUSE_BREAKPOINT
	bnez	t1, fault

	save_registers
	mv	a0, sp
	call	ebpf_on_breakpoint
	beqz	a0, refused
go_on:
	// What was loaded with a reservation before the trap is not stored after
	// it: a program may have done so meanwhile.
	ld	t0, 0(sp)
	sc.d	zero, t0, (sp)
	load_registers
	ld	sp, FRAME_SP(sp)
	sret

interrupt:
	slli	t0, t0, 1		// without the bit that says so
	addi	t0, t0, -2 * CAUSE_SOFTWARE
	beqz	t0, software
	addi	t0, t0, -2 * (CAUSE_TIMER - CAUSE_SOFTWARE)
	bnez	t0, pass_on
	sd	t1, FRAME_T1(sp)
	save_registers
	mv	a0, sp
	call	ebpf_taken_tick
	bnez	a0, refused
	j	go_on

software:
	sd	t1, FRAME_T1(sp)
	save_registers
	// Before anybody looks at what was asked for: what is asked later
	// interrupts again.
	csrci	sip, PENDING_SOFTWARE
	mv	a0, sp
	ld	a1, 0(sp)
	call	ebpf_taken_ask
	j	refused

fault:
	save_registers
	mv	a0, sp
	call	ebpf_taken_fault
	bnez	a0, go_on
refused:
	// The kernel's vector must see what ours saw, though traps since then may
	// have changed these.
	ld	t0, FRAME_CAUSE(sp)
	csrw	scause, t0
	ld	t0, FRAME_FAULT_ADDRESS(sp)
	csrw	stval, t0
	load_registers
pass_on:
	ld	t0, FRAME_T0(sp)
	addi	sp, sp, FRAME_SIZE + GAP_SIZE
	// The kernel's vector may be anywhere, and no register is free but sp: it
	// begins by leaving sp in sscratch and taking it back. It is entered at
	// the latter.
	csrw	sscratch, sp
ebpf_to_kernels_vector:
	auipc	sp, %pcrel_hi(ebpf_kernels_vector)
	ld	sp, %pcrel_lo(ebpf_to_kernels_vector)(sp)
	jr	sp
	.size	ebpf_taken_vector, . - ebpf_taken_vector

	.bss
	.balign	8
	.globl	ebpf_kernels_vector
	.hidden	ebpf_kernels_vector
ebpf_kernels_vector:
	.skip	8

	.section .note.GNU-stack, "", @progbits
