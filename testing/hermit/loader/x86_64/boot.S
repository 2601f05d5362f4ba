// SPDX-License-Identifier: MIT
//
// The loader's first and last instructions: QEMU enters at LoaderStart by the
// PVH protocol, in 32-bit protected mode without paging, with the start
// information in ebx; the kernel is entered in 64-bit mode.

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18		// XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	LoaderStart

	// One GiB is mapped one to one, the first 2 MiB of it in small pages.
	.set	present_writable, 3
	.set	large, 0x80

	.section .text.boot, "ax", @progbits
	.code32
	.globl	LoaderStart
LoaderStart:
	cli
	cld
	movl	%ebx, %esi
	movl	$level3, %eax
	orl	$present_writable, %eax
	movl	%eax, level4
	movl	$level2, %eax
	orl	$present_writable, %eax
	movl	%eax, level3
	movl	$present_writable + large, %eax
	xorl	%ecx, %ecx
1:	movl	%eax, level2(, %ecx, 8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$512, %ecx
	jne	1b
	movl	$level1, %eax
	orl	$present_writable, %eax
	movl	%eax, level2
	movl	$present_writable, %eax
	xorl	%ecx, %ecx
2:	movl	%eax, level1(, %ecx, 8)
	addl	$0x1000, %eax
	incl	%ecx
	cmpl	$512, %ecx
	jne	2b

	movl	%cr4, %eax
	orl	$0x20, %eax		// PAE
	movl	%eax, %cr4
	movl	$level4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	// EFER
	rdmsr
	orl	$0x100, %eax		// LME
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000001, %eax	// PG, PE
	movl	%eax, %cr0
	lgdt	descriptors
	ljmp	$8, $in_64_bits

	.code64
in_64_bits:
	movw	$16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	leaq	loader_stack_top(%rip), %rsp
	movl	%esi, %edi
	xorl	%ebp, %ebp
	call	LoaderMain

	// rax points to a Handoff (loader.cc): entry, boot_info, stack.
	movq	8(%rax), %rdi
	movq	16(%rax), %rsp
	xorl	%esi, %esi		// the first CPU
	jmp	*(%rax)

	.section .rodata
	.balign	16
table:
	.quad	0, 0x00af9a000000ffff, 0x00cf92000000ffff
descriptors:
	.word	. - table - 1
	.long	table

	.bss
	.balign	4096
level4:	.skip	4096
level3:	.skip	4096
level2:	.skip	4096
level1:	.skip	4096
	.skip	0x4000
loader_stack_top:

	.section .note.GNU-stack, "", @progbits
