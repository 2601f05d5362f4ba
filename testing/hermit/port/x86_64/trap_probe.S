// SPDX-License-Identifier: MIT
//
// See trap_probe.h.

	/* Loads the registers at rdi; rsi is where they are to be stored. */
	.macro	begin
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushfq
	cli
	push	%rsi
	mov	0(%rdi), %r15
	mov	8(%rdi), %r14
	mov	16(%rdi), %r13
	mov	24(%rdi), %r12
	mov	32(%rdi), %rbp
	mov	40(%rdi), %rbx
	mov	48(%rdi), %r11
	mov	56(%rdi), %r10
	mov	64(%rdi), %r9
	mov	72(%rdi), %r8
	mov	80(%rdi), %rax
	mov	88(%rdi), %rcx
	mov	96(%rdi), %rdx
	mov	104(%rdi), %rsi
	mov	112(%rdi), %rdi
	.endm

	/* Stores all of them, and returns. */
	.macro	finish
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%r15, 0(%rdi)
	mov	%r14, 8(%rdi)
	mov	%r13, 16(%rdi)
	mov	%r12, 24(%rdi)
	mov	%rbp, 32(%rdi)
	mov	%rbx, 40(%rdi)
	mov	%r11, 48(%rdi)
	mov	%r10, 56(%rdi)
	mov	%r9, 64(%rdi)
	mov	%r8, 72(%rdi)
	mov	%rax, 80(%rdi)
	mov	%rcx, 88(%rdi)
	mov	%rdx, 96(%rdi)
	mov	%rsi, 104(%rdi)
	pop	112(%rdi)
	pop	%rsi
	popfq
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.endm

	/* All of xmm, from hermit_test_vectors and back to it. */
	.macro	load_vectors
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	16 * \n + hermit_test_vectors(%rip), %xmm\n
	.endr
	.endm
	.macro	store_vectors
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, 16 * \n + hermit_test_vectors(%rip)
	.endr
	.endm

	.text
	.globl	HermitTestRegisters
	.hidden	HermitTestRegisters
	.type	HermitTestRegisters, @function
HermitTestRegisters:
	begin
	.globl	HermitTestBreakpoint
	.hidden	HermitTestBreakpoint
HermitTestBreakpoint:
	int3
	finish
	.size	HermitTestRegisters, . - HermitTestRegisters

	.globl	HermitTestTurns
	.hidden	HermitTestTurns
	.type	HermitTestTurns, @function
HermitTestTurns:
	begin
	load_vectors
	sti
	// QEMU keeps interrupts away behind sti until another instruction than the
	// loop, which jumps to itself, was done.
	nop
	.globl	HermitTestTurn
	.hidden	HermitTestTurn
HermitTestTurn:
	loop	HermitTestTurn
	cli
	store_vectors
	finish
	.size	HermitTestTurns, . - HermitTestTurns

	.globl	HermitTestStackPointer
	.hidden	HermitTestStackPointer
	.type	HermitTestStackPointer, @function
HermitTestStackPointer:
	pushfq
	cli
	mov	%rsp, %rcx
	int3
	mov	%rsp, %rax
	mov	(%rsp), %rdx
	mov	%rcx, %rsp
	mov	%rdx, (%rdi)
	sub	%rcx, %rax
	popfq
	ret
	.size	HermitTestStackPointer, . - HermitTestStackPointer

	// Both stand in for the kernel's handlers, and go on behind the instruction,
	// which is one byte of breakpoint, or the three of the load below.
	.macro	kernel_handler name, words, skip
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	push	%rax
	lea	hermit_test_kernel_saw(%rip), %rax
	.set	at, 0
	.rept	\words
	push	8 + at(%rsp)
	pop	(48 - 8 * \words + at)(%rax)
	.set	at, at + 8
	.endr
	push	%rbx
	lea	16(%rsp), %rbx
	mov	%rbx, 48(%rax)
	pop	%rbx
	mov	%cr2, %rax
	mov	%rax, 56 + hermit_test_kernel_saw(%rip)
	pop	%rax
	.if	\words == 6
	add	$8, %rsp
	.endif
	addq	$\skip, (%rsp)
	iretq
	.size	\name, . - \name
	.endm
	kernel_handler HermitTestKernelBreakpoint, 5, 0
	kernel_handler HermitTestKernelPageFault, 6, 3

	.globl	HermitTestLoad
	.hidden	HermitTestLoad
	.type	HermitTestLoad, @function
HermitTestLoad:
	mov	(%rdi), %rax			// three bytes
	ret
	.size	HermitTestLoad, . - HermitTestLoad

	.bss
	.balign	16
	.globl	hermit_test_kernel_saw
	.hidden	hermit_test_kernel_saw
hermit_test_kernel_saw:
	.skip	64
	.globl	hermit_test_vectors
	.hidden	hermit_test_vectors
hermit_test_vectors:
	.skip	256

	.section .note.GNU-stack, "", @progbits
