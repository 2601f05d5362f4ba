// SPDX-License-Identifier: MIT
//
// Instructions of x86-64 that a compiler seldom makes, or never in one place.

        .text
        .globl  probed_nothing
        .type   probed_nothing, @function
probed_nothing:
        lea     (%rdi,%rsi), %rax
        ret
        .size   probed_nothing, . - probed_nothing

        .globl  probed_oddities
        .type   probed_oddities, @function
probed_oddities:
        endbr64
        push    %rbp
        mov     %rsp, %rbp
        push    %rbx
        push    $0x7fff
        push    $-3
        pop     %rax
        pop     %rcx
        add     %rcx, %rax
        // Relative to rip.
        lea     probed_oddities(%rip), %r8
        lea     1f(%rip), %r9
        sub     %r8, %r9
        add     %r9, %rax
        add     number(%rip), %rax
        movabs  $0x1122334455667788, %rcx
        xor     %rcx, %rax
        call    2f
1:      add     $1, %rax
        jmp     3f
2:      mov     (%rsp), %rcx
        sub     %r8, %rcx
        add     %rcx, %rax
        ret
3:      lea     4f(%rip), %rcx
        jmp     *%rcx
        add     $100, %rax
4:      lea     2b(%rip), %rcx
        call    *%rcx
        call    *target(%rip)
        push    %rsp
        pop     %rcx
        cmp     %rcx, %rsp
        setne   %cl
        movzbl  %cl, %ecx
        add     %rcx, %rax
        // Branches, both ways.
        mov     $2, %ecx
5:      dec     %ecx
        je      6f
        jne     5b
6:      mov     $3, %ecx
7:      add     $7, %rax
        loop    7b
        jrcxz   8f
        add     $200, %rax
8:      cmp     %rsi, %rdi
        ja      9f
        jl      9f
        add     $8, %rax
9:      test    $1, %dil
        jz      10f
        add     $16, %rax
10:     // Flags kept and brought back.
        cmp     %rdi, %rsi
        pushfq
        pop     %rcx
        and     $0x8d5, %ecx
        add     %rcx, %rax
        adc     %rdi, %rax
        bswap   %rax
        imul    $77, %rdi, %rcx
        xor     %rcx, %rax
        xchg    %rax, %rcx
        xchg    %rcx, %rax
        mov     %rdi, %rbx
        shld    $13, %rsi, %rbx
        add     %rbx, %rax
        cltq
        nopl    0(%rax, %rax, 1)
        pop     %rbx
        leave
        ret
        .size   probed_oddities, . - probed_oddities

        .section .rodata, "a", @progbits
        .balign 8
number: .quad   0x0102030405060708
        .section .data.rel.ro, "aw", @progbits
        .balign 8
target: .quad   2b

        .section .note.GNU-stack, "", @progbits
