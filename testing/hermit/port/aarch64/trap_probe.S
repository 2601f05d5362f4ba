// SPDX-License-Identifier: MIT
//
// See trap_probe.h. All of it but the loop of HermitTestTurns runs with
// interrupts masked: what is below sp must stay as the breakpoint's handler
// leaves it.

	.macro	enter
	stp	x29, x30, [sp, #-112]!
	stp	x27, x28, [sp, #16]
	stp	x25, x26, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x21, x22, [sp, #64]
	stp	x19, x20, [sp, #80]
	mrs	x9, daif
	str	x9, [sp, #96]
	str	x18, [sp, #104]
	msr	daifset, #3
	.endm

	.macro	leave
	ldr	x9, [sp, #96]
	msr	daif, x9
	ldr	x18, [sp, #104]
	ldp	x19, x20, [sp, #80]
	ldp	x21, x22, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #32]
	ldp	x27, x28, [sp, #16]
	ldp	x29, x30, [sp], #112
	ret
	.endm

	/* Stores x2..x30 in the registers at x0. */
	.macro	store_from_x2
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	str	x30, [x0, #240]
	.endm

	/* Loads flags and x2..x30 from the registers at x0, on the stack that x2
	   says; x1 is where they are to be stored. */
	.macro	begin
	enter
	adrp	x9, test_state
	add	x9, x9, :lo12:test_state
	mov	x10, sp
	stp	x1, x10, [x9]
	tbz	x2, #0, 1f
	msr	spsel, #1
1:	ldr	x9, [x0, #248]
	msr	nzcv, x9
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	ldr	x30, [x0, #240]
	.endm

	/* Stores all of them, and returns. */
	.macro	finish
	stp	x0, x1, [sp, #-16]!
	adrp	x0, test_state
	add	x0, x0, :lo12:test_state
	ldr	x0, [x0]
	store_from_x2
	mrs	x9, nzcv
	str	x9, [x0, #248]
	ldp	x9, x10, [sp], #16
	stp	x9, x10, [x0]
	mov	x9, sp
	str	x9, [x0, #256]
	msr	spsel, #0
	adrp	x9, test_state
	add	x9, x9, :lo12:test_state
	ldr	x9, [x9, #8]
	mov	sp, x9
	leave
	.endm

	.text
	.globl	HermitTestRegisters
	.hidden	HermitTestRegisters
	.type	HermitTestRegisters, @function
HermitTestRegisters:
	begin
	ldp	x0, x1, [x0]
	.globl	HermitTestBreakpoint
	.hidden	HermitTestBreakpoint
HermitTestBreakpoint:
	brk	#1
	finish
	.size	HermitTestRegisters, . - HermitTestRegisters

	.globl	HermitTestTurns
	.hidden	HermitTestTurns
	.type	HermitTestTurns, @function
HermitTestTurns:
	begin
	ldp	x0, x1, [x0]
	msr	daifclr, #2
	.globl	HermitTestTurn
	.hidden	HermitTestTurn
HermitTestTurn:
	sub	x0, x0, #1
	cbnz	x0, HermitTestTurn
	msr	daifset, #3
	finish
	.size	HermitTestTurns, . - HermitTestTurns

	.globl	HermitTestStackPointer
	.hidden	HermitTestStackPointer
	.type	HermitTestStackPointer, @function
HermitTestStackPointer:
	enter
	tbz	x1, #0, 1f
	msr	spsel, #1
1:	mov	x19, sp
	mov	x20, x0
	brk	#2
	mov	x21, sp
	ldp	x2, x3, [x21]
	mov	sp, x19
	stp	x2, x3, [x20]
	sub	x0, x21, x19
	msr	spsel, #0
	leave
	.size	HermitTestStackPointer, . - HermitTestStackPointer

	.globl	HermitTestKernelHandler
	.hidden	HermitTestKernelHandler
	.type	HermitTestKernelHandler, @function
HermitTestKernelHandler:
	stp	x0, x1, [sp, #-16]!
	adrp	x0, hermit_test_kernel_saw
	add	x0, x0, :lo12:hermit_test_kernel_saw
	store_from_x2
	ldp	x2, x3, [sp]
	stp	x2, x3, [x0]
	add	x2, sp, #16
	str	x2, [x0, #256]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [x0, #264]
	mrs	x3, esr_el1
	str	x3, [x0, #280]
	add	x2, x2, #4
	msr	elr_el1, x2
	ldp	x2, x3, [x0, #16]
	ldp	x0, x1, [sp], #16
	eret
	.size	HermitTestKernelHandler, . - HermitTestKernelHandler

	.bss
	.balign	16
test_state:
	.skip	16
	.globl	hermit_test_kernel_saw
	.hidden	hermit_test_kernel_saw
hermit_test_kernel_saw:
	.skip	288

	.section .note.GNU-stack, "", @progbits
