// SPDX-License-Identifier: MIT
//
// See trap_probe.h. It runs with interrupts masked: what is below sp must stay
// as the breakpoint's handler leaves it.

	.equ	OUT, 120
	.equ	STATUS, 128

	.macro	enter
	addi	sp, sp, -144
	sd	ra, 0(sp)
	sd	gp, 8(sp)
	sd	tp, 16(sp)
	sd	s0, 24(sp)
	sd	s1, 32(sp)
	sd	s2, 40(sp)
	sd	s3, 48(sp)
	sd	s4, 56(sp)
	sd	s5, 64(sp)
	sd	s6, 72(sp)
	sd	s7, 80(sp)
	sd	s8, 88(sp)
	sd	s9, 96(sp)
	sd	s10, 104(sp)
	sd	s11, 112(sp)
	csrrci	t0, sstatus, 2
	sd	t0, STATUS(sp)
	.endm

	.macro	leave
	ld	ra, 0(sp)
	ld	gp, 8(sp)
	ld	tp, 16(sp)
	ld	s0, 24(sp)
	ld	s1, 32(sp)
	ld	s2, 40(sp)
	ld	s3, 48(sp)
	ld	s4, 56(sp)
	ld	s5, 64(sp)
	ld	s6, 72(sp)
	ld	s7, 80(sp)
	ld	s8, 88(sp)
	ld	s9, 96(sp)
	ld	s10, 104(sp)
	ld	s11, 112(sp)
	ld	t0, STATUS(sp)
	andi	t0, t0, 2
	csrs	sstatus, t0
	addi	sp, sp, 144
	ret
	.endm

	/* Loads the registers at a0; a1 is where they are to be stored. */
	.macro	begin
	enter
	sd	a1, OUT(sp)
	mv	x31, a0
	ld	x1, 0(x31)
	ld	x3, 16(x31)
	ld	x4, 24(x31)
	ld	x5, 32(x31)
	ld	x6, 40(x31)
	ld	x7, 48(x31)
	ld	x8, 56(x31)
	ld	x9, 64(x31)
	ld	x10, 72(x31)
	ld	x11, 80(x31)
	ld	x12, 88(x31)
	ld	x13, 96(x31)
	ld	x14, 104(x31)
	ld	x15, 112(x31)
	ld	x16, 120(x31)
	ld	x17, 128(x31)
	ld	x18, 136(x31)
	ld	x19, 144(x31)
	ld	x20, 152(x31)
	ld	x21, 160(x31)
	ld	x22, 168(x31)
	ld	x23, 176(x31)
	ld	x24, 184(x31)
	ld	x25, 192(x31)
	ld	x26, 200(x31)
	ld	x27, 208(x31)
	ld	x28, 216(x31)
	ld	x29, 224(x31)
	ld	x30, 232(x31)
	ld	x31, 240(x31)
	.endm

	/* Stores x1..x30 but sp at x31. */
	.macro	store_below_x31
	sd	x1, 0(x31)
	sd	x3, 16(x31)
	sd	x4, 24(x31)
	sd	x5, 32(x31)
	sd	x6, 40(x31)
	sd	x7, 48(x31)
	sd	x8, 56(x31)
	sd	x9, 64(x31)
	sd	x10, 72(x31)
	sd	x11, 80(x31)
	sd	x12, 88(x31)
	sd	x13, 96(x31)
	sd	x14, 104(x31)
	sd	x15, 112(x31)
	sd	x16, 120(x31)
	sd	x17, 128(x31)
	sd	x18, 136(x31)
	sd	x19, 144(x31)
	sd	x20, 152(x31)
	sd	x21, 160(x31)
	sd	x22, 168(x31)
	sd	x23, 176(x31)
	sd	x24, 184(x31)
	sd	x25, 192(x31)
	sd	x26, 200(x31)
	sd	x27, 208(x31)
	sd	x28, 216(x31)
	sd	x29, 224(x31)
	sd	x30, 232(x31)
	.endm

	.macro	finish
	sd	x31, -8(sp)
	ld	x31, OUT(sp)
	store_below_x31
	sd	sp, 8(x31)
	ld	t0, -8(sp)
	sd	t0, 240(x31)
	leave
	.endm

	/* Loads or stores f0..f31 at x31. */
	.macro	each_float op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\op	f\n, 8 * \n(x31)
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	f\n, 8 * \n(x31)
	.endr
	.endm

	.option	norvc
	.option	norelax
	.text
	.globl	HermitTestRegisters
	.hidden	HermitTestRegisters
	.type	HermitTestRegisters, @function
HermitTestRegisters:
	begin
	.globl	HermitTestBreakpoint
	.hidden	HermitTestBreakpoint
HermitTestBreakpoint:
	ebreak
	finish
	.size	HermitTestRegisters, . - HermitTestRegisters

	.globl	HermitTestTurns
	.hidden	HermitTestTurns
	.type	HermitTestTurns, @function
HermitTestTurns:
	la	x31, hermit_test_vectors
	each_float	fld
	begin
	csrsi	sstatus, 2
	.globl	HermitTestTurn
	.hidden	HermitTestTurn
HermitTestTurn:
	addi	a0, a0, -1
	bnez	a0, HermitTestTurn
	csrci	sstatus, 2
	sd	x31, -16(sp)
	la	x31, hermit_test_vectors
	each_float	fsd
	ld	x31, -16(sp)
	finish
	.size	HermitTestTurns, . - HermitTestTurns

	.globl	HermitTestStackPointer
	.hidden	HermitTestStackPointer
	.type	HermitTestStackPointer, @function
HermitTestStackPointer:
	enter
	mv	s1, sp
	mv	s2, a0
	ebreak
	mv	s3, sp
	ld	t0, 0(s3)
	ld	t1, 8(s3)
	mv	sp, s1
	sd	t0, 0(s2)
	sd	t1, 8(s2)
	sub	a0, s3, s1
	leave
	.size	HermitTestStackPointer, . - HermitTestStackPointer

	.globl	HermitTestKernelHandler
	.hidden	HermitTestKernelHandler
	.type	HermitTestKernelHandler, @function
	.balign	4
HermitTestKernelHandler:
	csrr	sp, sscratch
	csrw	sscratch, x31
	la	x31, hermit_test_kernel_saw
	store_below_x31
	sd	sp, 8(x31)
	csrr	t0, sscratch
	sd	t0, 240(x31)
	csrw	sscratch, zero
	csrr	t0, sepc
	sd	t0, 248(x31)
	addi	t0, t0, 4
	csrw	sepc, t0
	csrr	t0, sstatus
	sd	t0, 256(x31)
	csrr	t0, scause
	sd	t0, 264(x31)
	csrr	t0, stval
	sd	t0, 272(x31)
	ld	t0, 32(x31)
	ld	x31, 240(x31)
	sret
	.size	HermitTestKernelHandler, . - HermitTestKernelHandler

	.bss
	.balign	16
	.globl	hermit_test_kernel_saw
	.hidden	hermit_test_kernel_saw
hermit_test_kernel_saw:
	.skip	280
	.globl	hermit_test_vectors
	.hidden	hermit_test_vectors
	.balign	16
hermit_test_vectors:
	.skip	256

	.section .note.GNU-stack, "", @progbits
