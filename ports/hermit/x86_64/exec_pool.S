// SPDX-License-Identifier: MIT
//
// Room for executable memory inside the image: Hermit's heap never is.
// exec_memory.cc gives it out. Whoever strays into it meets a breakpoint.

	.section .text.ebpf_exec_pool, "ax", @progbits
	.balign	4096
	.globl	EbpfHermitExecPool
	.hidden	EbpfHermitExecPool
EbpfHermitExecPool:
	.fill	524288, 1, 0xcc
	.globl	EbpfHermitExecPoolEnd
	.hidden	EbpfHermitExecPoolEnd
EbpfHermitExecPoolEnd:

	.section .note.GNU-stack, "", @progbits
