add w0, w1, w2
sub w0, w1, w2
subs w0, w1, w2
and w0, w1, w2
ands w0, w1, w2
orr w0, w1, w2
orn w0, w1, w2
eor w0, w1, w2
mul w0, w1, w2
udiv w0, w1, w2
sdiv w0, w1, w2
lsl w0, w1, w2
lsr w0, w1, w2
asr w0, w1, w2
msub w0, w1, w2, w9
mov w0, w2
extr w0, w1, w2, #1
extr w0, w1, w2, #31
add w7, w19, w25
sub w7, w19, w25
subs w7, w19, w25
and w7, w19, w25
ands w7, w19, w25
orr w7, w19, w25
orn w7, w19, w25
eor w7, w19, w25
mul w7, w19, w25
udiv w7, w19, w25
sdiv w7, w19, w25
lsl w7, w19, w25
lsr w7, w19, w25
asr w7, w19, w25
msub w7, w19, w25, w9
mov w7, w25
extr w7, w19, w25, #1
extr w7, w19, w25, #31
add w30, w30, w30
sub w30, w30, w30
subs w30, w30, w30
and w30, w30, w30
ands w30, w30, w30
orr w30, w30, w30
orn w30, w30, w30
eor w30, w30, w30
mul w30, w30, w30
udiv w30, w30, w30
sdiv w30, w30, w30
lsl w30, w30, w30
lsr w30, w30, w30
asr w30, w30, w30
msub w30, w30, w30, w9
mov w30, w30
extr w30, w30, w30, #1
extr w30, w30, w30, #31
add x0, x1, x2
sub x0, x1, x2
subs x0, x1, x2
and x0, x1, x2
ands x0, x1, x2
orr x0, x1, x2
orn x0, x1, x2
eor x0, x1, x2
mul x0, x1, x2
udiv x0, x1, x2
sdiv x0, x1, x2
lsl x0, x1, x2
lsr x0, x1, x2
asr x0, x1, x2
msub x0, x1, x2, x9
mov x0, x2
extr x0, x1, x2, #1
extr x0, x1, x2, #31
add x7, x19, x25
sub x7, x19, x25
subs x7, x19, x25
and x7, x19, x25
ands x7, x19, x25
orr x7, x19, x25
orn x7, x19, x25
eor x7, x19, x25
mul x7, x19, x25
udiv x7, x19, x25
sdiv x7, x19, x25
lsl x7, x19, x25
lsr x7, x19, x25
asr x7, x19, x25
msub x7, x19, x25, x9
mov x7, x25
extr x7, x19, x25, #1
extr x7, x19, x25, #31
add x30, x30, x30
sub x30, x30, x30
subs x30, x30, x30
and x30, x30, x30
ands x30, x30, x30
orr x30, x30, x30
orn x30, x30, x30
eor x30, x30, x30
mul x30, x30, x30
udiv x30, x30, x30
sdiv x30, x30, x30
lsl x30, x30, x30
lsr x30, x30, x30
asr x30, x30, x30
msub x30, x30, x30, x9
mov x30, x30
extr x30, x30, x30, #1
extr x30, x30, x30, #31
umulh x1, x19, x30
add x1, x16, w17, sxtw
csel x7, x22, x7, eq
csel x7, x22, x0, le
add w4, w19, w10, lsl #1
add w4, w19, w10, lsl #31
add w4, w19, w10, lsr #1
add w4, w19, w10, lsr #31
add w4, w19, w10, asr #1
add w4, w19, w10, asr #31
sub w4, w19, w10, lsl #1
sub w4, w19, w10, lsl #31
sub w4, w19, w10, lsr #1
sub w4, w19, w10, lsr #31
sub w4, w19, w10, asr #1
sub w4, w19, w10, asr #31
and w4, w19, w10, lsl #1
and w4, w19, w10, lsl #31
and w4, w19, w10, lsr #1
and w4, w19, w10, lsr #31
and w4, w19, w10, asr #1
and w4, w19, w10, asr #31
orr w4, w19, w10, lsl #1
orr w4, w19, w10, lsl #31
orr w4, w19, w10, lsr #1
orr w4, w19, w10, lsr #31
orr w4, w19, w10, asr #1
orr w4, w19, w10, asr #31
eor w4, w19, w10, lsl #1
eor w4, w19, w10, lsl #31
eor w4, w19, w10, lsr #1
eor w4, w19, w10, lsr #31
eor w4, w19, w10, asr #1
eor w4, w19, w10, asr #31
add x4, x19, x10, lsl #1
add x4, x19, x10, lsl #63
add x4, x19, x10, lsr #1
add x4, x19, x10, lsr #63
add x4, x19, x10, asr #1
add x4, x19, x10, asr #63
sub x4, x19, x10, lsl #1
sub x4, x19, x10, lsl #63
sub x4, x19, x10, lsr #1
sub x4, x19, x10, lsr #63
sub x4, x19, x10, asr #1
sub x4, x19, x10, asr #63
and x4, x19, x10, lsl #1
and x4, x19, x10, lsl #63
and x4, x19, x10, lsr #1
and x4, x19, x10, lsr #63
and x4, x19, x10, asr #1
and x4, x19, x10, asr #63
orr x4, x19, x10, lsl #1
orr x4, x19, x10, lsl #63
orr x4, x19, x10, lsr #1
orr x4, x19, x10, lsr #63
orr x4, x19, x10, asr #1
orr x4, x19, x10, asr #63
eor x4, x19, x10, lsl #1
eor x4, x19, x10, lsl #63
eor x4, x19, x10, lsr #1
eor x4, x19, x10, lsr #63
eor x4, x19, x10, asr #1
eor x4, x19, x10, asr #63
eor x4, x19, x10, ror #43
rev16 w3, w21
rev w3, w21
lsl w3, w21, #0
lsr w3, w21, #0
asr w3, w21, #0
lsl w3, w21, #1
lsr w3, w21, #1
asr w3, w21, #1
lsl w3, w21, #17
lsr w3, w21, #17
asr w3, w21, #17
lsl w3, w21, #31
lsr w3, w21, #31
asr w3, w21, #31
sxtb w3, w21
sxth w3, w21
ubfx w3, w21, #0, #2
ubfx w3, w21, #5, #2
ubfx w3, w21, #30, #2
rev16 x3, x21
rev x3, x21
lsl x3, x21, #0
lsr x3, x21, #0
asr x3, x21, #0
lsl x3, x21, #1
lsr x3, x21, #1
asr x3, x21, #1
lsl x3, x21, #17
lsr x3, x21, #17
asr x3, x21, #17
lsl x3, x21, #63
lsr x3, x21, #63
asr x3, x21, #63
sxtb x3, w21
sxth x3, w21
ubfx x3, x21, #0, #2
ubfx x3, x21, #5, #2
ubfx x3, x21, #30, #2
uxtb w3, w21
uxth w3, w21
sxtw x3, w21
ubfx x3, x21, #40, #24
add w12, w25, #0
add w12, w25, #0, lsl #12
add w12, w25, #1
add w12, w25, #1, lsl #12
add w12, w25, #4095
add w12, w25, #4095, lsl #12
sub w12, w25, #0
sub w12, w25, #0, lsl #12
sub w12, w25, #1
sub w12, w25, #1, lsl #12
sub w12, w25, #4095
sub w12, w25, #4095, lsl #12
adds w12, w25, #0
adds w12, w25, #0, lsl #12
adds w12, w25, #1
adds w12, w25, #1, lsl #12
adds w12, w25, #4095
adds w12, w25, #4095, lsl #12
subs w12, w25, #0
subs w12, w25, #0, lsl #12
subs w12, w25, #1
subs w12, w25, #1, lsl #12
subs w12, w25, #4095
subs w12, w25, #4095, lsl #12
movz w16, #0, lsl #0
movn w16, #0, lsl #0
movk w16, #0, lsl #0
movz w16, #4660, lsl #0
movn w16, #4660, lsl #0
movk w16, #4660, lsl #0
movz w16, #65535, lsl #0
movn w16, #65535, lsl #0
movk w16, #65535, lsl #0
movz w16, #0, lsl #16
movn w16, #0, lsl #16
movk w16, #0, lsl #16
movz w16, #4660, lsl #16
movn w16, #4660, lsl #16
movk w16, #4660, lsl #16
movz w16, #65535, lsl #16
movn w16, #65535, lsl #16
movk w16, #65535, lsl #16
add x12, x25, #0
add x12, x25, #0, lsl #12
add x12, x25, #1
add x12, x25, #1, lsl #12
add x12, x25, #4095
add x12, x25, #4095, lsl #12
sub x12, x25, #0
sub x12, x25, #0, lsl #12
sub x12, x25, #1
sub x12, x25, #1, lsl #12
sub x12, x25, #4095
sub x12, x25, #4095, lsl #12
adds x12, x25, #0
adds x12, x25, #0, lsl #12
adds x12, x25, #1
adds x12, x25, #1, lsl #12
adds x12, x25, #4095
adds x12, x25, #4095, lsl #12
subs x12, x25, #0
subs x12, x25, #0, lsl #12
subs x12, x25, #1
subs x12, x25, #1, lsl #12
subs x12, x25, #4095
subs x12, x25, #4095, lsl #12
movz x16, #0, lsl #0
movn x16, #0, lsl #0
movk x16, #0, lsl #0
movz x16, #4660, lsl #0
movn x16, #4660, lsl #0
movk x16, #4660, lsl #0
movz x16, #65535, lsl #0
movn x16, #65535, lsl #0
movk x16, #65535, lsl #0
movz x16, #0, lsl #16
movn x16, #0, lsl #16
movk x16, #0, lsl #16
movz x16, #4660, lsl #16
movn x16, #4660, lsl #16
movk x16, #4660, lsl #16
movz x16, #65535, lsl #16
movn x16, #65535, lsl #16
movk x16, #65535, lsl #16
movz x16, #0, lsl #32
movn x16, #0, lsl #32
movk x16, #0, lsl #32
movz x16, #4660, lsl #32
movn x16, #4660, lsl #32
movk x16, #4660, lsl #32
movz x16, #65535, lsl #32
movn x16, #65535, lsl #32
movk x16, #65535, lsl #32
movz x16, #0, lsl #48
movn x16, #0, lsl #48
movk x16, #0, lsl #48
movz x16, #4660, lsl #48
movn x16, #4660, lsl #48
movk x16, #4660, lsl #48
movz x16, #65535, lsl #48
movn x16, #65535, lsl #48
movk x16, #65535, lsl #48
mov x29, sp
brk #3775
and x1, x2, #0x1
ands x1, x2, #0x1
and x1, x2, #0xff
ands x1, x2, #0xff
and x1, x2, #0xffff
ands x1, x2, #0xffff
and x1, x2, #0x7fffffff
ands x1, x2, #0x7fffffff
and x1, x2, #0xffffffff
ands x1, x2, #0xffffffff
and x1, x2, #0x8000000000000000
ands x1, x2, #0x8000000000000000
and x1, x2, #0xfffffffffffffffe
ands x1, x2, #0xfffffffffffffffe
and x1, x2, #0x7fffffffffffffff
ands x1, x2, #0x7fffffffffffffff
and x1, x2, #0xff00
ands x1, x2, #0xff00
and x1, x2, #0xff0000000000000
ands x1, x2, #0xff0000000000000
and x1, x2, #0xf00000000000000f
ands x1, x2, #0xf00000000000000f
and x1, x2, #0xffffffff00000000
ands x1, x2, #0xffffffff00000000
and x1, x2, #0xffff0000ffff
ands x1, x2, #0xffff0000ffff
and x1, x2, #0xff00ff00ff00ff
ands x1, x2, #0xff00ff00ff00ff
and x1, x2, #0xf0f0f0f0f0f0f0f
ands x1, x2, #0xf0f0f0f0f0f0f0f
and x1, x2, #0x3333333333333333
ands x1, x2, #0x3333333333333333
and x1, x2, #0x5555555555555555
ands x1, x2, #0x5555555555555555
and x1, x2, #0xaaaaaaaaaaaaaaaa
ands x1, x2, #0xaaaaaaaaaaaaaaaa
and x1, x2, #0xe1e1e1e1e1e1e1e1
ands x1, x2, #0xe1e1e1e1e1e1e1e1
and x1, x2, #0x8001800180018001
ands x1, x2, #0x8001800180018001
orr w1, w2, #0x1
eor w1, w2, #0x1
orr w1, w2, #0xff
eor w1, w2, #0xff
orr w1, w2, #0x80000000
eor w1, w2, #0x80000000
orr w1, w2, #0xfffffffe
eor w1, w2, #0xfffffffe
orr w1, w2, #0xff00ff
eor w1, w2, #0xff00ff
orr w1, w2, #0x55555555
eor w1, w2, #0x55555555
orr w1, w2, #0xc0000003
eor w1, w2, #0xc0000003
strb w7, [x19, #0]
strb w7, [x19, #1]
strb w7, [x19, #4095]
sturb w7, [x25, #-256]
sturb w7, [x25, #-1]
sturb w7, [x25, #255]
strb w7, [x0, x11]
strb w7, [x0, x11, lsl #0]
ldrb w7, [x19, #0]
ldrb w7, [x19, #1]
ldrb w7, [x19, #4095]
ldurb w7, [x25, #-256]
ldurb w7, [x25, #-1]
ldurb w7, [x25, #255]
ldrb w7, [x0, x11]
ldrb w7, [x0, x11, lsl #0]
ldrsb x7, [x19, #0]
ldrsb x7, [x19, #1]
ldrsb x7, [x19, #4095]
ldursb x7, [x25, #-256]
ldursb x7, [x25, #-1]
ldursb x7, [x25, #255]
ldrsb x7, [x0, x11]
ldrsb x7, [x0, x11, lsl #0]
strh w7, [x19, #0]
strh w7, [x19, #2]
strh w7, [x19, #8190]
sturh w7, [x25, #-256]
sturh w7, [x25, #-1]
sturh w7, [x25, #255]
strh w7, [x0, x11]
strh w7, [x0, x11, lsl #1]
ldrh w7, [x19, #0]
ldrh w7, [x19, #2]
ldrh w7, [x19, #8190]
ldurh w7, [x25, #-256]
ldurh w7, [x25, #-1]
ldurh w7, [x25, #255]
ldrh w7, [x0, x11]
ldrh w7, [x0, x11, lsl #1]
ldrsh x7, [x19, #0]
ldrsh x7, [x19, #2]
ldrsh x7, [x19, #8190]
ldursh x7, [x25, #-256]
ldursh x7, [x25, #-1]
ldursh x7, [x25, #255]
ldrsh x7, [x0, x11]
ldrsh x7, [x0, x11, lsl #1]
str w7, [x19, #0]
str w7, [x19, #4]
str w7, [x19, #16380]
stur w7, [x25, #-256]
stur w7, [x25, #-1]
stur w7, [x25, #255]
str w7, [x0, x11]
str w7, [x0, x11, lsl #2]
ldr w7, [x19, #0]
ldr w7, [x19, #4]
ldr w7, [x19, #16380]
ldur w7, [x25, #-256]
ldur w7, [x25, #-1]
ldur w7, [x25, #255]
ldr w7, [x0, x11]
ldr w7, [x0, x11, lsl #2]
ldrsw x7, [x19, #0]
ldrsw x7, [x19, #4]
ldrsw x7, [x19, #16380]
ldursw x7, [x25, #-256]
ldursw x7, [x25, #-1]
ldursw x7, [x25, #255]
ldrsw x7, [x0, x11]
ldrsw x7, [x0, x11, lsl #2]
str x7, [x19, #0]
str x7, [x19, #8]
str x7, [x19, #32760]
stur x7, [x25, #-256]
stur x7, [x25, #-1]
stur x7, [x25, #255]
str x7, [x0, x11]
str x7, [x0, x11, lsl #3]
ldr x7, [x19, #0]
ldr x7, [x19, #8]
ldr x7, [x19, #32760]
ldur x7, [x25, #-256]
ldur x7, [x25, #-1]
ldur x7, [x25, #255]
ldr x7, [x0, x11]
ldr x7, [x0, x11, lsl #3]
stp w19, w20, [sp, #-256]
stp w19, w20, [sp, #-256]!
stp w19, w20, [sp], #-256
ldp w19, w20, [sp, #-256]
ldp w19, w20, [sp, #-256]!
ldp w19, w20, [sp], #-256
stp w19, w20, [sp, #0]
stp w19, w20, [sp, #0]!
stp w19, w20, [sp], #0
ldp w19, w20, [sp, #0]
ldp w19, w20, [sp, #0]!
ldp w19, w20, [sp], #0
stp w19, w20, [sp, #8]
stp w19, w20, [sp, #8]!
stp w19, w20, [sp], #8
ldp w19, w20, [sp, #8]
ldp w19, w20, [sp, #8]!
ldp w19, w20, [sp], #8
stp w19, w20, [sp, #252]
stp w19, w20, [sp, #252]!
stp w19, w20, [sp], #252
ldp w19, w20, [sp, #252]
ldp w19, w20, [sp, #252]!
ldp w19, w20, [sp], #252
stp x19, x20, [sp, #-512]
stp x19, x20, [sp, #-512]!
stp x19, x20, [sp], #-512
ldp x19, x20, [sp, #-512]
ldp x19, x20, [sp, #-512]!
ldp x19, x20, [sp], #-512
stp x19, x20, [sp, #0]
stp x19, x20, [sp, #0]!
stp x19, x20, [sp], #0
ldp x19, x20, [sp, #0]
ldp x19, x20, [sp, #0]!
ldp x19, x20, [sp], #0
stp x19, x20, [sp, #16]
stp x19, x20, [sp, #16]!
stp x19, x20, [sp], #16
ldp x19, x20, [sp, #16]
ldp x19, x20, [sp, #16]!
ldp x19, x20, [sp], #16
stp x19, x20, [sp, #504]
stp x19, x20, [sp, #504]!
stp x19, x20, [sp], #504
ldp x19, x20, [sp, #504]
ldp x19, x20, [sp, #504]!
ldp x19, x20, [sp], #504
str x19, [sp, #-16]!
ldr x19, [sp], #16
ldarb w4, [x16]
stlrb w4, [x16]
ldxrb w4, [x16]
stxrb w13, w4, [x16]
stlxrb w13, w4, [x16]
casalb w12, w4, [x16]
ldaddb w12, w4, [x1]
ldaddalb w12, w4, [x1]
ldclrb w12, w4, [x1]
ldclralb w12, w4, [x1]
ldeorb w12, w4, [x1]
ldeoralb w12, w4, [x1]
ldsetb w12, w4, [x1]
ldsetalb w12, w4, [x1]
swpb w12, w4, [x1]
swpalb w12, w4, [x1]
ldarh w4, [x16]
stlrh w4, [x16]
ldxrh w4, [x16]
stxrh w13, w4, [x16]
stlxrh w13, w4, [x16]
casalh w12, w4, [x16]
ldaddh w12, w4, [x1]
ldaddalh w12, w4, [x1]
ldclrh w12, w4, [x1]
ldclralh w12, w4, [x1]
ldeorh w12, w4, [x1]
ldeoralh w12, w4, [x1]
ldseth w12, w4, [x1]
ldsetalh w12, w4, [x1]
swph w12, w4, [x1]
swpalh w12, w4, [x1]
ldar w4, [x16]
stlr w4, [x16]
ldxr w4, [x16]
stxr w13, w4, [x16]
stlxr w13, w4, [x16]
casal w12, w4, [x16]
ldadd w12, w4, [x1]
ldaddal w12, w4, [x1]
ldclr w12, w4, [x1]
ldclral w12, w4, [x1]
ldeor w12, w4, [x1]
ldeoral w12, w4, [x1]
ldset w12, w4, [x1]
ldsetal w12, w4, [x1]
swp w12, w4, [x1]
swpal w12, w4, [x1]
ldar x4, [x16]
stlr x4, [x16]
ldxr x4, [x16]
stxr w13, x4, [x16]
stlxr w13, x4, [x16]
casal x12, x4, [x16]
ldadd x12, x4, [x1]
ldaddal x12, x4, [x1]
ldclr x12, x4, [x1]
ldclral x12, x4, [x1]
ldeor x12, x4, [x1]
ldeoral x12, x4, [x1]
ldset x12, x4, [x1]
ldsetal x12, x4, [x1]
swp x12, x4, [x1]
swpal x12, x4, [x1]
stadd x12, [x1]
stclr w12, [x1]
dmb ish
b.eq #-1048576
b.ne #-1048576
b.hs #-1048576
b.lo #-1048576
b.hi #-1048576
b.ls #-1048576
b.ge #-1048576
b.lt #-1048576
b.gt #-1048576
b.le #-1048576
b #-134217728
bl #-134217728
b #-4
bl #-4
b #4
bl #4
b #134217724
bl #134217724
cbz w22, #1048572
cbnz w22, #-4
cbz x22, #1048572
cbnz x22, #-4
tbz w2, #0, #32764
tbnz w2, #0, #-32768
tbz w2, #31, #32764
tbnz w2, #31, #-32768
tbz x2, #32, #32764
tbnz x2, #32, #-32768
tbz x2, #63, #32764
tbnz x2, #63, #-32768
br x11
blr x16
ret
adr x3, #-1048576
adr x3, #-1
adr x3, #2
adr x3, #1048575
