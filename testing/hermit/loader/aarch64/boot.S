// SPDX-License-Identifier: MIT
//
// The loader's first and last instructions: QEMU enters at LoaderStart in EL1
// with the MMU off; the kernel is entered with it on.

	.section .text.boot, "ax", @progbits
	.globl LoaderStart
LoaderStart:
	msr	daifset, #0xf
	adrp	x9, loader_stack_top
	add	x9, x9, :lo12:loader_stack_top
	mov	sp, x9
	bl	LoaderMain

	// x0 points to a Handoff (handoff.h).
	ldp	x10, x11, [x0]		// entry, boot_info
	ldp	x12, x13, [x0, #16]	// stack, root_table
	ldp	x14, x15, [x0, #32]	// memory_attributes, translation_control

	// The image was written as data and will be fetched as instructions.
	dsb	sy
	ic	iallu
	dsb	sy
	msr	mair_el1, x14
	msr	tcr_el1, x15
	msr	ttbr0_el1, x13
	tlbi	vmalle1
	dsb	sy
	isb
	mrs	x16, sctlr_el1
	mov	x17, #0x1005		// MMU, data cache, instruction cache on
	orr	x16, x16, x17
	bic	x16, x16, #2		// unaligned accesses are allowed
	msr	sctlr_el1, x16
	isb

	msr	spsel, #1
	mov	sp, x12
	mov	x0, x11
	mov	x1, #0			// the first CPU
	br	x10

	.bss
	.balign	16
	.skip	0x4000
loader_stack_top:

	.section .note.GNU-stack, "", @progbits
