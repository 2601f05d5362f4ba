// SPDX-License-Identifier: MIT
//
// testing/guest/probe_bench/subjects.h for RISC-V.

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
        begin   bench_addi_sp
1:      .option push
        .option norvc
        addi    sp, sp, -32
        .option pop
        addi    sp, sp, 32
        ret
        end     bench_addi_sp
        row     addi_sp, 2

        begin   bench_c_addi_sp
1:      c.addi  sp, -16
        addi    sp, sp, 16
        ret
        end     bench_c_addi_sp
        row     c_addi_sp, 2

        begin   bench_c_addi16sp
1:      c.addi16sp sp, -64
        addi    sp, sp, 64
        ret
        end     bench_c_addi16sp
        row     c_addi16sp, 2

        begin   bench_nop
1:      .option push
        .option norvc
        nop
        .option pop
        ret
        end     bench_nop
        row     nop, 2

        begin   bench_c_mv
1:      c.mv    a5, a0
        ret
        end     bench_c_mv
        row     c_mv, 2

        begin   bench_auipc
1:      auipc   a5, 0
        ret
        end     bench_auipc
        row     auipc, 1

        begin   bench_c_sdsp
        addi    sp, sp, -16
1:      c.sdsp  ra, 8(sp)
        addi    sp, sp, 16
        ret
        end     bench_c_sdsp
        row     c_sdsp, 2

        // Many a leaf function begins so: a step each.
        begin   bench_slli
1:      slli    a5, a0, 32
        ret
        end     bench_slli
        row     slli, 0

        begin   bench_interior_load
        mv      a5, sp
1:      ld      a4, -16(a5)
        ret
        end     bench_interior_load
        row     interior_load, 0

        .section .data.rel.ro.bench_subjects, "aw", @progbits
        .globl  bench_subjects_end
bench_subjects_end:

        .text
        begin   bench_breakpoint
        .option push
        .option norvc
        ebreak
        .option pop
        ret
        end     bench_breakpoint

        begin   bench_bare_vector
        addi    sp, sp, -16
        sd      t0, 0(sp)
        csrr    t0, sepc
        addi    t0, t0, 4
        csrw    sepc, t0
        ld      t0, 0(sp)
        addi    sp, sp, 16
        sret
        end     bench_bare_vector

        .altmacro
        .macro  one number
        begin   bench_many_\number
        addi    sp, sp, -16
        addi    sp, sp, 16
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
