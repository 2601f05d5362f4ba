// SPDX-License-Identifier: MIT
//
// Where followed calls return to: a stub for each instance, and what they all
// call. core/probes/DESIGN.md tells why there are so many; numbers as in
// core/machine/return_stubs.h.
#include "arch/x86_64/machine/pt_regs.inc"

        .set stub_count, 2048
        .set stub_size, 8
        .set instance_size, 64

        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_return_begin
        .hidden ebpf_return_begin
        .globl ebpf_return_end
        .hidden ebpf_return_end
        .globl ebpf_return_stubs
        .hidden ebpf_return_stubs
        .type ebpf_return_stubs, %function

        // Right behind the call, registers and flags are the function's result
        // and what the caller keeps; below sp there is nothing. The stub's own
        // CALL has pushed where it is: to where the function's CALL had pushed
        // the return address.
        .balign 16
ebpf_return_begin:
return_common:
        push $0                         // ss
        push %rsp                       // so far
        pushfq
        push $0                         // cs
        push $0                         // rip: ebpf_return_hit sets it
        push $-1                        // orig_rax
        push_registers
        cld
        mov %ss, %eax
        mov %rax, regs_ss(%rsp)
        mov %cs, %eax
        mov %rax, regs_cs(%rsp)
        addq $16, regs_rsp(%rsp)        // ss, and the stub's link
        mov regs_size(%rsp), %rsi       // that: the stub and 5
        lea ebpf_return_stubs + 5(%rip), %rax
        sub %rax, %rsi
        mov ebpf_return_instances(%rip), %rax
        lea (%rax, %rsi, instance_size / stub_size), %rsi
        mov %rsp, %rdi
        mov %rsp, %rbx
        and $-16, %rsp
        call ebpf_return_hit
        mov %rbx, %rsp
        mov %rax, regs_size(%rsp)       // where RET finds it
        pop_registers
        lea 24(%rsp), %rsp
        popfq
        lea 16(%rsp), %rsp
        ret

        // An unwinder that finds a stub as a return address sees a frame that
        // has nothing but that: the same registers, and as return address the
        // first word of the stub's instance. It looks up the byte before.
        .balign stub_size
        .cfi_startproc simple
        // Unwinders know a frame by its CFA, the one that catches above all: a
        // stub's is sp + 2 * its number + 1, which is nobody else's.
        // Whole words are loaded: not each unwinder heeds a smaller size.
        .cfi_escape 0x0f, 13, 0x77, 0
        .cfi_escape 0x80, 0, 0x06, 0x08, 48, 0x25
        .cfi_escape 0x31, 0x24, 0x23, 1, 0x22
        // sp stays as it is.
        .cfi_escape 0x16, 7, 2, 0x77, 0
        // The value of register 16, the return address, is:
        .cfi_escape 0x16, 16, 31
        .cfi_escape 0x80, 0, 0x06, 0x08, 48, 0x25 // the stub's number
        .cfi_escape 0x12, 0x36, 0x24, 0x16, 0x33, 0x24
        .cfi_escape 0x80, 0, 0x16, 0x1c // the first stub
        .cfi_escape 0x38, 0x1c          // the word before it
        .cfi_escape 0x12, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26, 0x22
        .cfi_escape 0x06, 0x22, 0x06    // the array, the instance, its word
        .long ebpf_return_instances - .
        .long 0
ebpf_return_stubs:
        .set number, 0
        .rept stub_count
        call return_common
        ret $number                     // never: 0xc2 and the number
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ebpf_return_stubs, . - ebpf_return_stubs
ebpf_return_end:
        .section .note.GNU-stack, "", %progbits
