// SPDX-License-Identifier: MIT
//
// The loader's first and last instructions: OpenSBI enters at LoaderStart in
// supervisor mode, translation off, with the hart in a0 and the device tree in
// a1. The kernel is entered the same way.

	.section .text.boot, "ax", @progbits
	.option	norelax
	.globl LoaderStart
LoaderStart:
	csrw	sie, zero
	csrw	satp, zero
	csrw	sscratch, zero
	mv	s0, a0
	la	sp, loader_stack_top
	call	LoaderMain

	// a0 points to a Handoff (loader.cc): entry, boot_info, stack's end.
	ld	t0, 0(a0)
	ld	a1, 8(a0)
	ld	sp, 16(a0)
	mv	a0, s0
	li	gp, 0			// the kernel's pointer to its CPU
	li	tp, 0
	// The image was written as data and will be fetched as instructions.
	fence.i
	jr	t0

	.bss
	.balign	16
	.skip	0x4000
loader_stack_top:

	.section .note.GNU-stack, "", @progbits
