// SPDX-License-Identifier: MIT
//
// testing/guest/probe_bench/subjects.h for x86-64.

        .macro  begin name
        .balign 64
        .globl  \name
        .type   \name, @function
\name:
        .endm

        .macro  end name
        .size   \name, . - \name
        .endm

        // A row of bench_subjects, with the address of label 1.
        .macro  row name, kind
        .pushsection .rodata.bench_names, "a", @progbits
2:      .asciz  "bench_\name"
        .popsection
        .pushsection .data.rel.ro.bench_subjects, "aw", @progbits
        .quad   2b, bench_\name, 1b - bench_\name, \kind
        .popsection
        .endm

        .section .data.rel.ro.bench_subjects, "aw", @progbits
        .balign 8
        .globl  bench_subjects
bench_subjects:

        .text
        begin   bench_push_rbp
1:      push    %rbp
        pop     %rbp
        ret
        end     bench_push_rbp
        row     push_rbp, 1

        begin   bench_endbr64
1:      endbr64
        ret
        end     bench_endbr64
        row     endbr64, 1

        begin   bench_sub_rsp
1:      sub     $24, %rsp
        lea     24(%rsp), %rsp
        ret
        end     bench_sub_rsp
        row     sub_rsp, 2

        begin   bench_push_r15
1:      push    %r15
        pop     %r15
        ret
        end     bench_push_r15
        row     push_r15, 1

        begin   bench_nopl
1:      nopl    0(%rax, %rax, 1)
        ret
        end     bench_nopl
        row     nopl, 1

        begin   bench_mov_reg
1:      mov     %rdi, %rax
        ret
        end     bench_mov_reg
        row     mov_reg, 1

        // Long enough for a jump, as most functions' beginnings are.
        begin   bench_prologue
1:      push    %rbp
        mov     %rsp, %rbp
        push    %rbx
        pop     %rbx
        pop     %rbp
        ret
        end     bench_prologue
        row     prologue, 2

        // Many a leaf function begins so: a step each.
        begin   bench_xor
1:      xor     %eax, %eax
        ret
        end     bench_xor
        row     xor, 0

        begin   bench_interior_load
        mov     %rsp, %rax
1:      mov     (%rax), %rcx
        ret
        end     bench_interior_load
        row     interior_load, 0

        .section .data.rel.ro.bench_subjects, "aw", @progbits
        .globl  bench_subjects_end
bench_subjects_end:

        .text
        begin   bench_breakpoint
        int3
        ret
        end     bench_breakpoint

        // The saved rip is behind the breakpoint already: one instruction.
        begin   bench_bare_vector
        iretq
        end     bench_bare_vector

        .altmacro
        .macro  one number
        begin   bench_many_\number
        push    %rbp
        pop     %rbp
        ret
        end     bench_many_\number
        .pushsection .data.rel.ro.bench_many, "aw", @progbits
        .quad   bench_many_\number
        .popsection
        .endm

        .section .data.rel.ro.bench_many, "aw", @progbits
        .balign 8
        .globl  bench_many
bench_many:
        .text
        .set    number, 0
        .rept   1000
        one     %number
        .set    number, number + 1
        .endr

        .section .note.GNU-stack, "", @progbits
