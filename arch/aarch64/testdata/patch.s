cbz x0, #104
cbz x0, #-96
cbnz x0, #8; b #2000004
tbnz x0, #63, #-1996
tbz x0, #63, #8; b #4
cmp x0, x1; b.ls #1040004
b #-134217728
bl #134217724
adr x1, #-9996
adr x16, #0; movz w17, #0x4250; movk w17, #0xf, lsl #16; add x1, x16, w17, sxtw
adr x16, #0; movz w17, #0xbdd0; movk w17, #0xfff0, lsl #16; add x1, x16, w17, sxtw
stp x29, x30, [sp, #-32]!; mov x29, sp; str x25, [sp, #16]; sub x25, x1, #256; bl #60; mov x0, x7; ldr x25, [sp, #16]; ldp x29, x30, [sp], #32; ret
