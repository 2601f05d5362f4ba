add x1, x0, #8
sub x1, x0, #8
sub x1, x25, #56
add x1, x0, x19, lsl #3
add x1, x0, x19
add x1, x0, #1, lsl #12; add x1, x1, #1
add x13, x0, x19, lsl #2; add x16, x13, #4; mov x1, x16
add x13, x25, x19, lsl #2; add x16, x13, #256; mov x1, x16
ldrb w7, [x0]
ldrh w7, [x0, #8190]
ldr w7, [x0, #16380]
ldr x7, [x0, #32760]
ldrsb x7, [x0, #1]
ldrsh x7, [x0, #2]
ldrsw x7, [x0, #4]
ldr x7, [x0, #8]
ldur x7, [x0, #-256]
ldur w7, [x0, #3]
ldrb w7, [x0, x19]
ldr x7, [x0, x19, lsl #3]
ldr x7, [x0, x19]
ldur x7, [x25, #-256]
ldr x7, [x25, #248]
ldr x7, [x25, #256]
sub x16, x0, #1, lsl #12; ldr x7, [x16, #3832]
sub x16, x0, #8, lsl #12; ldrb w7, [x16]
add x16, x0, #7, lsl #12; ldrb w7, [x16, #4095]
add x16, x0, #7, lsl #12; add x16, x16, #4095; ldr x7, [x16]
add x13, x0, x19, lsl #2; ldr x7, [x13, #8]
add x13, x0, x19; add x16, x13, #16, lsl #12; ldr x7, [x16, #8]
str w0, [x1, #4]
strb wzr, [x1]
str xzr, [x25, #248]
movz w12, #255; strb w12, [x1]
movz w12, #0xfffe; strh w12, [x1]
movn w12, #1; str w12, [x1]
movn x12, #1; str x12, [x1]
add x17, x25, #256; str x17, [x25, #248]
ldrh w7, [x0, #2]; rev16 w7, w7
ldr x7, [x0]; rev x7, x7
stp x1, x2, [x0, #8]
stp x2, x1, [x25, #240]
stp w1, w2, [x0, #-256]
ldp x1, x2, [x0]
ldp x0, x1, [x0, #8]
ldp w1, w2, [x0, #248]
ldr x0, [x0]; ldr x1, [x0, #8]
ldr x1, [x0]; ldr x1, [x0, #8]
ldr x1, [x0]; ldr x2, [x0, #16]
ldr x1, [x0]; ldr x2, [x0]
stur x1, [x0, #4]; stur x2, [x0, #12]
str x1, [x0, #512]; str x2, [x0, #520]
strh w1, [x0]; strh w2, [x0, #2]
stp xzr, xzr, [x0]
stp x1, x2, [x0]; stp x1, x2, [x0, #16]
str x1, [x0]; str x1, [x0, #8]
ldr x1, [x0]; str x1, [x0, #8]
ldrsw x1, [x0]; ldrsw x2, [x0, #4]
stadd x1, [x0]
stset w1, [x0]
steor x1, [x0]
mvn w12, w1; stclr w12, [x0]
add x16, x0, #8; stadd x1, [x16]
ldaddal x1, x1, [x0]
ldsetal w1, w1, [x0]
ldeoral x1, x1, [x0]
mvn x12, x1; ldclral x12, x1, [x0]
swpal x1, x1, [x0]
ldxr x12, [x0]; add x9, x12, x1; stxr w13, x9, [x0]; cbnz w13, #-12
ldxr w12, [x0]; and w9, w12, w1; stxr w13, w9, [x0]; cbnz w13, #-12
ldxr w12, [x0]; orr w9, w12, w1; stlxr w13, w9, [x0]; cbnz w13, #-12; dmb ish; mov x1, x12
add x16, x0, #8; ldxr x12, [x16]; stlxr w13, x1, [x16]; cbnz w13, #-8; dmb ish; mov x1, x12
casal x7, x1, [x0]
ldxr w12, [x0]; cmp w12, w7; b.ne #12; stlxr w13, w1, [x0]; cbnz w13, #-16; dmb ish; mov x7, x12
add x16, x0, x19, lsl #3; ldxr x12, [x16]; eor x9, x12, x1; stxr w13, x9, [x16]; cbnz w13, #-12
ldarb w1, [x0]
add x16, x0, #8; ldar x1, [x16]
ldar x1, [x25]
stlrh w1, [x0]
add x13, x0, x19, lsl #3; add x16, x13, #8; stlr w1, [x16]
