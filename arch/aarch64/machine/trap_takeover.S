// SPDX-License-Identifier: MIT
//
// The exception vectors that stand before a kernel's own. A breakpoint goes to
// ebpf_on_breakpoint, a failed load of ebpf_copy_nofault to where that goes on,
// and everything else to the kernel's vector, with every register as it was or,
// where a probed instruction failed in its slot, as if it had failed at its own
// place. An interrupt goes to ebpf_taken_tick first if our timer asks for one.
// [arm/aarch64: D1.4, Exceptions]
//
// Kernel code runs on SP_EL0 or on SP_EL1 (Hermit's tasks on the former, its
// interrupts, idle loop and boot on the latter), so a breakpoint arrives by the
// first or the fifth vector. An exception itself always begins on SP_EL1.
//
// In the second case the frame lies on the very stack that was interrupted,
// and a gap is left between: emulation of `stp x29, x30, [sp, #-n]!` writes
// there before the frame is given up.

#define FRAME_SIZE	288	/* taken_frame.h */
#define FRAME_SP	248
#define FRAME_PC	256
#define FRAME_SYNDROME	272
#define GAP_SIZE	512

/* Exception classes, ESR_EL1 bits 31..26. */
#define CLASS_DATA_ABORT 0x25	/* without a change of exception level */
#define CLASS_BRK	0x3c

/* CNTV_CTL_EL0: enabled, not masked, and its time has come. */
#define TIMER_ASKS	5

/* trap_takeover.cc writes the last word of each vector: a branch to the kernel's. */
#define TO_KERNEL	124

	.macro	pass_on
	.balign	128
	b	. + TO_KERNEL
	.skip	TO_KERNEL - 4
	brk	#0
	.endm

	.macro	synchronous name, size
	.balign	128
\name\()_vector:
	sub	sp, sp, #\size
	stp	x0, x1, [sp]
	mrs	x0, esr_el1
	lsr	x0, x0, #26
	cmp	x0, #CLASS_BRK
	b.eq	\name\()_breakpoint
	b	\name\()_fault
\name\()_pass:
	ldp	x0, x1, [sp]
	add	sp, sp, #\size
	b	\name\()_vector + TO_KERNEL
	.skip	TO_KERNEL - (. - \name\()_vector)
	brk	#0
	.endm

	.macro	interrupt name, size
	.balign	128
\name\()_interrupt:
	sub	sp, sp, #\size
	stp	x0, x1, [sp]
	mrs	x0, cntv_ctl_el0
	cmp	x0, #TIMER_ASKS
	b.eq	\name\()_tick
\name\()_interrupt_pass:
	ldp	x0, x1, [sp]
	add	sp, sp, #\size
	b	\name\()_interrupt + TO_KERNEL
	.skip	TO_KERNEL - (. - \name\()_interrupt)
	brk	#0
	.endm

	/* x0 is the exception's class. */
	.macro	fault name, size
\name\()_fault:
	cmp	x0, #CLASS_DATA_ABORT
	mrs	x0, elr_el1
	b.ne	2f
	adr	x1, ebpf_copy_nofault_load8
	cmp	x0, x1
	b.eq	1f
	adr	x1, ebpf_copy_nofault_load1
	cmp	x0, x1
	b.ne	2f
1:	adr	x1, ebpf_copy_nofault_fault
	msr	elr_el1, x1
	ldp	x0, x1, [sp]
	add	sp, sp, #\size
	eret
2:	adrp	x1, ebpf_exec_pool
	add	x1, x1, :lo12:ebpf_exec_pool
	cmp	x0, x1
	b.lo	\name\()_pass
	adrp	x1, ebpf_exec_pool_end
	add	x1, x1, :lo12:ebpf_exec_pool_end
	cmp	x0, x1
	b.hs	\name\()_pass
	save_registers
	save_sp_\name
	mov	x0, sp
	bl	ebpf_taken_fault
	tbz	w0, #0, \name\()_refused
	b	\name\()_go_on
	.endm

	/* x0, x1 are saved already; sp is the frame. */
	.macro	save_registers
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	str	x30, [sp, #240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #FRAME_PC]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #FRAME_SYNDROME]
	.endm

	.macro	save_sp_task
	mrs	x2, sp_el0
	str	x2, [sp, #FRAME_SP]
	.endm

	.macro	save_sp_kernel
	add	x2, sp, #(FRAME_SIZE + GAP_SIZE)
	str	x2, [sp, #FRAME_SP]
	.endm

	/* Leaves x0 and x1 as they are. */
	.macro	load_registers
	ldp	x2, x3, [sp, #FRAME_PC]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldr	x30, [sp, #240]
	.endm

	/* Calls the hook; goes on at \name\()_refused if the trap is not ours. */
	.macro	call_hook name
	mov	x0, sp
	bl	ebpf_on_breakpoint
	tbz	w0, #0, \name\()_refused
	.endm

	/* The kernel's vector must see what ours saw, though traps within the
	   hook may have changed these registers since. */
	.macro	refuse name
\name\()_refused:
	ldp	x0, x1, [sp, #FRAME_SYNDROME]
	msr	esr_el1, x0
	msr	far_el1, x1
	load_registers
	b	\name\()_pass
	.endm

	/* The kernel's vector must see what ours saw, as above. */
	.macro	tick name
\name\()_tick:
	save_registers
	save_sp_\name
	mov	x0, sp
	bl	ebpf_taken_tick
	load_registers
	b	\name\()_interrupt_pass
	.endm

	.section ebpf_noprobe, "ax", @progbits
	.balign	2048
	.globl	ebpf_taken_vectors
	.hidden	ebpf_taken_vectors
	.type	ebpf_taken_vectors, @function
ebpf_taken_vectors:
	// This exception level, on SP_EL0: synchronous, IRQ, FIQ, SError.
	synchronous task, FRAME_SIZE
	interrupt task, FRAME_SIZE
	pass_on
	pass_on
	// This exception level, on SP_EL1.
	synchronous kernel, FRAME_SIZE + GAP_SIZE
	interrupt kernel, FRAME_SIZE + GAP_SIZE
	// The rest, and what comes from below, 64 and 32 bits.
	.rept	10
	pass_on
	.endr

task_breakpoint:
	save_registers
	save_sp_task
	call_hook task
task_go_on:
	ldr	x0, [sp, #FRAME_SP]
	msr	sp_el0, x0
	load_registers
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret

kernel_breakpoint:
	save_registers
	save_sp_kernel
	call_hook kernel
kernel_go_on:
	// sp may have been moved, down into the gap or up. x0 waits right below
	// the new sp until that is set: nothing lives there, and no exception
	// comes before the eret.
	ldr	x0, [sp, #FRAME_SP]
	load_registers
	ldr	x1, [sp]
	str	x1, [x0, #-16]
	ldr	x1, [sp, #8]
	mov	sp, x0
	ldr	x0, [sp, #-16]
	eret

	fault	task, FRAME_SIZE
	fault	kernel, FRAME_SIZE + GAP_SIZE
	refuse	task
	refuse	kernel
	tick	task
	tick	kernel
	.size	ebpf_taken_vectors, . - ebpf_taken_vectors

	.section .note.GNU-stack, "", @progbits
