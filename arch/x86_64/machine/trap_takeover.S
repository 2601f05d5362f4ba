// SPDX-License-Identifier: MIT
//
// The gates that stand before a kernel's own. What is not ours goes on to the
// kernel's handler, on the stack that its gate would have chosen, with
// everything as the CPU left it or, where a probed instruction failed in its
// slot, as if it had failed at its own place.
// [intel/vol3: 64-Bit Mode Stack Frame, Stack Switching in IA-32e Mode]
#include "arch/x86_64/machine/pt_regs.inc"

	// rdx: the task state segment of this CPU. rax is another one, and 16 bytes
	// below the stack. [intel/vol3: TSS Descriptor in 64-bit mode]
	.macro	find_tss
	sub	$16, %rsp
	sgdt	6(%rsp)				// its base is at 8
	mov	8(%rsp), %rdx
	str	%eax
	add	%rax, %rdx
	mov	2(%rdx), %eax			// bits 0 to 23, and a byte
	mov	%eax, (%rsp)
	movb	7(%rdx), %al
	movb	%al, 3(%rsp)
	mov	8(%rdx), %eax
	mov	%eax, 4(%rsp)
	mov	(%rsp), %rdx
	add	$16, %rsp
	.endm

	// To `kernels`, with the `words` that the CPU has pushed; rdx and rax are
	// pushed below them.
	.macro	pass words, kernels
	find_tss
	mov	ebpf_taken_stack(%rip), %rax
	mov	(%rdx, %rax), %rdx		// of the kernel's gates
	and	$-16, %rdx
	move_words \words
	pop	%rdx
	pop	%rax
	pop	%rsp
	jmp	*\kernels(%rip)
	.endm

	// The `words` behind the two that are pushed, to below rdx, whose address
	// the first of them then is.
	.macro	move_words words
	sub	$8 * \words, %rdx
	.set	at, 0
	.rept	\words
	mov	16 + at(%rsp), %rax
	mov	%rax, at(%rdx)
	.set	at, at + 8
	.endr
	mov	%rdx, 16(%rsp)
	.endm

	// Goes to `ours` if rax is in [begin, end).
	.macro	if_between begin, end, ours
	lea	\begin(%rip), %rdx
	cmp	%rdx, %rax
	jb	1f
	lea	\end(%rip), %rdx
	cmp	%rdx, %rax
	jb	\ours
1:
	.endm

	// Begins on a stack of its own, which a fault within would take over: so it
	// goes to the interrupted one at once, if the instruction is one of ours.
	.macro	fault_gate name, kernels
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	push	%rax
	push	%rdx
	mov	24(%rsp), %rax			// rip
	if_between ebpf_copy_nofault_begin, ebpf_copy_nofault_end, 2f
	if_between ebpf_exec_pool, ebpf_exec_pool_end, 2f
	pass	6, \kernels

2:	mov	48(%rsp), %rdx			// rsp
	and	$-16, %rdx
	move_words 6
	pop	%rdx
	pop	%rax
	pop	%rsp
	push_registers				// below the error code
	cld
	mov	%cr2, %rbx
	mov	%rsp, %rdi
	sub	$8, %rsp
	call	ebpf_taken_fault
	add	$8, %rsp
	test	%al, %al
	je	3f
	pop_registers
	add	$8, %rsp
	iretq

	// What faulted since then is not the kernel's business.
3:	mov	%rbx, %cr2
	pop_registers
	push	%rax
	push	%rdx
	pass	6, \kernels
	.size	\name, . - \name
	.endm

	.section ebpf_noprobe, "ax", @progbits
	fault_gate ebpf_protection_gate, ebpf_kernels_protection
	fault_gate ebpf_page_fault_gate, ebpf_kernels_page_fault

	.globl	ebpf_timer_gate
	.hidden	ebpf_timer_gate
	.type	ebpf_timer_gate, @function
ebpf_timer_gate:
	push	$-1				// no error code
	push_registers
	cld
	mov	%rsp, %rdi
	sub	$8, %rsp
	call	ebpf_taken_tick
	add	$8, %rsp
	pop_registers
	add	$8, %rsp
	push	%rax
	push	%rdx
	pass	5, ebpf_kernels_timer
	.size	ebpf_timer_gate, . - ebpf_timer_gate

	// Of ours alone: another CPU's.
	.globl	ebpf_asked_gate
	.hidden	ebpf_asked_gate
	.type	ebpf_asked_gate, @function
ebpf_asked_gate:
	push	$-1				// no error code
	push_registers
	cld
	mov	%rsp, %rdi
	sub	$8, %rsp
	mov	regs_rip(%rdi), %rsi
	call	ebpf_taken_ask
	add	$8, %rsp
	pop_registers
	add	$8, %rsp
	iretq
	.size	ebpf_asked_gate, . - ebpf_asked_gate

	// A breakpoint that is nobody's.
	.globl	ebpf_port_breakpoint_entry
	.type	ebpf_port_breakpoint_entry, @function
ebpf_port_breakpoint_entry:
	push	%rax
	push	%rdx
	pass	5, ebpf_kernels_breakpoint
	.size	ebpf_port_breakpoint_entry, . - ebpf_port_breakpoint_entry

	.section .note.GNU-stack, "", @progbits
