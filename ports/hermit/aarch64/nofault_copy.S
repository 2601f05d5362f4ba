// SPDX-License-Identifier: MIT
//
// The copy whose two loads may fault: vectors.S sends such a fault to its
// failing end.

	.section .ebpf.noprobe, "ax", @progbits
	.balign	4
	// int EbpfHermitCopy(void* to, uintptr_t from, size_t size): 1, or 0 if
	// a load faulted. The wide loads are aligned: none crosses a page.
	.globl	EbpfHermitCopy
	.hidden	EbpfHermitCopy
	.type	EbpfHermitCopy, @function
EbpfHermitCopy:
	orr	x3, x0, x1
	tst	x3, #7
	b.ne	2f
1:	cmp	x2, #8
	b.lo	2f
	.globl	EbpfHermitCopyLoad8
	.hidden	EbpfHermitCopyLoad8
EbpfHermitCopyLoad8:
	ldr	x3, [x1]
	str	x3, [x0]
	add	x0, x0, #8
	add	x1, x1, #8
	sub	x2, x2, #8
	b	1b
2:	cbz	x2, 3f
	.globl	EbpfHermitCopyLoad1
	.hidden	EbpfHermitCopyLoad1
EbpfHermitCopyLoad1:
	ldrb	w3, [x1]
	strb	w3, [x0]
	add	x0, x0, #1
	add	x1, x1, #1
	sub	x2, x2, #1
	b	2b
3:	mov	w0, #1
	ret
	.globl	EbpfHermitCopyFault
	.hidden	EbpfHermitCopyFault
EbpfHermitCopyFault:
	mov	w0, #0
	ret
	.size	EbpfHermitCopy, . - EbpfHermitCopy

	.section .note.GNU-stack, "", @progbits
