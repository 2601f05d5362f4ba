// SPDX-License-Identifier: MIT
//
// Room for executable memory inside the image: Hermit's heap never is.
// exec_memory.cc gives it out. Whoever strays into it meets a breakpoint.

	.section .text.ebpf_exec_pool, "ax", @progbits
	.balign	4096
	.globl	EbpfHermitExecPool
	.hidden	EbpfHermitExecPool
EbpfHermitExecPool:
	.rept	524288 / 4
	brk	#0
	.endr

	.section .note.GNU-stack, "", @progbits
