bl #4096; mov x7, x0
bl #-4096
movn x16, #0xefff; movk x16, #0xabcc, lsl #16; movk x16, #0x8000, lsl #32; blr x16; mov x7, x0
movz w16, #0x1000; blr x16; mov x7, x0
bl #0
b #0
br x10
adr x1, #0
adr x16, #0; movz w17, #0; movk w17, #0, lsl #16; add x1, x16, w17, sxtw
ret
str x20, [sp, #-16]!; ldr x20, [sp], #16; ret
stp x19, x22, [sp, #-16]!; ldp x19, x22, [sp], #16; ret
stp x19, x20, [sp, #-32]!; str x21, [sp, #16]; ldr x21, [sp, #16]; ldp x19, x20, [sp], #32; ret
stp x29, x30, [sp, #-16]!; mov x29, sp; ldp x29, x30, [sp], #16; ret
stp x29, x30, [sp, #-32]!; mov x29, sp; str x19, [sp, #16]; ldr x19, [sp, #16]; ldp x29, x30, [sp], #32; ret
stp x29, x30, [sp, #-48]!; mov x29, sp; stp x19, x20, [sp, #16]; stp x21, x22, [sp, #32]; ldp x19, x20, [sp, #16]; ldp x21, x22, [sp, #32]; ldp x29, x30, [sp], #48; ret
stp x29, x30, [sp, #-32]!; mov x29, sp; str x25, [sp, #16]; sub x25, x1, #256; bl #0; mov x0, x7; ldr x25, [sp, #16]; ldp x29, x30, [sp], #32; ret
stp x29, x30, [sp, #-32]!; mov x29, sp; str x25, [sp, #16]; sub x25, x1, #256; mov x16, x2; mov x9, x0; ldp x0, x1, [x9]; ldp x2, x3, [x9, #16]; ldr x4, [x9, #32]; blr x16; mov x0, x7; ldr x25, [sp, #16]; ldp x29, x30, [sp], #32; ret
