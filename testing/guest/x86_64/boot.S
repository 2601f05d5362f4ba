// SPDX-License-Identifier: MIT
//
// From QEMU's PVH entry, and from a start-up IPI, to 64-bit code at the high
// half. [xen/pvh: direct boot; intel/vol3: 9.4, 9.8]
//
// Sections .boot.* are linked where they are loaded, below 4 GiB; all others
// at kKernelBase above it.

        .set KERNEL_BASE, 0xffff800000000000
        .set TRAMPOLINE, 0x8000         // cpu.cc copies ap_trampoline there

        .set CR0_PE, 1 << 0
        .set CR0_WP_PG, (1 << 16) | (1 << 31)
        .set CR4_PAE, 1 << 5
        .set EFER, 0xc0000080
        .set EFER_LME_NXE, (1 << 8) | (1 << 11)
        .set PRESENT_WRITE, 3
        .set LARGE, 0x80

        .section .note.pvh, "a", @note
        .balign 4
        .long 4                         // name size
        .long 8                         // descriptor size
        .long 18                        // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .quad guest_boot

        .section .boot.text, "awx", @progbits
        .code32
        .globl guest_boot
guest_boot:                             // ebx: physical hvm_start_info
        cli
        cld
        movl    %ebx, boot_info
        // The first GiB by 2 MiB pages, at 0 and at KERNEL_BASE.
        movl    $(boot_pdpt + PRESENT_WRITE), boot_pml4
        movl    $(boot_pdpt + PRESENT_WRITE), boot_pml4 + 256 * 8
        movl    $(boot_pd + PRESENT_WRITE), boot_pdpt
        xorl    %ecx, %ecx
1:      movl    %ecx, %eax
        shll    $21, %eax
        orl     $(LARGE | PRESENT_WRITE), %eax
        movl    %eax, boot_pd(, %ecx, 8)
        incl    %ecx
        cmpl    $512, %ecx
        jne     1b
        lgdt    boot_gdt_pointer
        xorl    %ebp, %ebp              // this is not an AP
        jmp     enter_long_mode

ap_protected:
        movl    $1, %ebp
enter_long_mode:
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    $boot_pml4, %eax
        movl    %eax, %cr3
        movl    %cr4, %eax
        orl     $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $EFER, %ecx
        rdmsr
        orl     $EFER_LME_NXE, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $CR0_WP_PG, %eax
        movl    %eax, %cr0
        ljmp    $0x18, $long_mode

        .code64
long_mode:
        movabsq $high, %rax
        jmpq    *%rax

        // Real mode; cs = TRAMPOLINE >> 4.
        .code16
        .globl ap_trampoline, ap_trampoline_end
ap_trampoline:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        lgdtl   TRAMPOLINE + (ap_gdt_pointer - ap_trampoline)
        movl    %cr0, %eax
        orl     $CR0_PE, %eax
        movl    %eax, %cr0
        ljmpl   $0x08, $ap_protected
ap_gdt_pointer:
        .word   boot_gdt_end - boot_gdt - 1
        .long   boot_gdt
ap_trampoline_end:

        .balign 8
boot_gdt:
        .quad   0
        .quad   0x00cf9a000000ffff      // 0x08: 32-bit code
        .quad   0x00cf92000000ffff      // 0x10: data
        .quad   0x00af9a000000ffff      // 0x18: 64-bit code
boot_gdt_end:
boot_gdt_pointer:
        .word   boot_gdt_end - boot_gdt - 1
        .long   boot_gdt
boot_info:
        .quad   0

        .section .boot.bss, "aw", @nobits
        .balign 4096
boot_pml4:
        .skip   4096
boot_pdpt:
        .skip   4096
boot_pd:
        .skip   4096

        .section .text.high, "ax", @progbits
        .code64
high:
        testl   %ebp, %ebp
        jnz     1f
        leaq    boot_stack_top(%rip), %rsp
        movl    $boot_info, %eax
        movq    (%rax), %rdi
        xorl    %ebp, %ebp
        call    X86Start
        ud2
1:      movq    ap_page_table(%rip), %rax
        movq    %rax, %cr3
        movq    ap_stack_top(%rip), %rsp
        xorl    %ebp, %ebp
        call    X86StartAp
        ud2

        .section .bss.ap, "aw", @nobits
        .balign 8
        .globl ap_page_table, ap_stack_top
ap_page_table:                          // physical
        .skip   8
ap_stack_top:
        .skip   8

        // As large and as aligned as any personality's kernel stacks.
        .section .bss.stack, "aw", @nobits
        .balign 32768
        .skip   32768
boot_stack_top:

        .section .note.GNU-stack, "", @progbits
