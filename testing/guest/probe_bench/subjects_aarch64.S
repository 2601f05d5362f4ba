// SPDX-License-Identifier: MIT
//
// testing/guest/probe_bench/subjects.h for AArch64.

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
        begin   bench_stp
1:      stp     x29, x30, [sp, #-32]!
        ldp     x29, x30, [sp], #32
        ret
        end     bench_stp
        row     stp, 2

        begin   bench_sub_sp
1:      sub     sp, sp, #48
        add     sp, sp, #48
        ret
        end     bench_sub_sp
        row     sub_sp, 2

        begin   bench_str
1:      str     x30, [sp, #-16]!
        ldr     x30, [sp], #16
        ret
        end     bench_str
        row     str, 2

        begin   bench_nop
1:      nop
        ret
        end     bench_nop
        row     nop, 2

        begin   bench_mov_reg
1:      mov     x1, x0
        ret
        end     bench_mov_reg
        row     mov_reg, 2

        begin   bench_adrp
1:      adrp    x1, bench_loop
        ret
        end     bench_adrp
        row     adrp, 1

        // Many a leaf function begins so: a step each.
        begin   bench_cmp
1:      cmp     w0, #3
        ret
        end     bench_cmp
        row     cmp, 0

        begin   bench_interior_load
        mov     x1, sp
1:      ldr     x2, [x1, #-16]
        ret
        end     bench_interior_load
        row     interior_load, 0

        .section .data.rel.ro.bench_subjects, "aw", @progbits
        .globl  bench_subjects_end
bench_subjects_end:

        .text
        begin   bench_breakpoint
        brk     #0
        ret
        end     bench_breakpoint

        // Synchronous exceptions of this level with its own stack: the fifth
        // of sixteen vectors, the only one that is taken here.
        .balign 2048
        .globl  bench_bare_vectors
bench_bare_vectors:
        .skip   0x200
        str     x0, [sp, #-16]!
        mrs     x0, elr_el1
        add     x0, x0, #4
        msr     elr_el1, x0
        ldr     x0, [sp], #16
        eret
        .balign 2048

        .altmacro
        .macro  one number
        begin   bench_many_\number
        stp     x29, x30, [sp, #-16]!
        ldp     x29, x30, [sp], #16
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
