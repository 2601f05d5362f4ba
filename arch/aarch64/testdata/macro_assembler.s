movz w0, #0
movz w0, #65535
movz w0, #1, lsl #16
movn x0, #0
movn x0, #0xfffe
movn w0, #0x1234
movn w0, #0x1234, lsl #16
mov w0, #0x55555555
mov w0, #0xffff00
movz w0, #0x5678; movk w0, #0x1234, lsl #16
movn x0, #0x5677; movk x0, #0x8234, lsl #16
movz x0, #0x1b3; movk x0, #0x100, lsl #32
mov x0, #0x5555555555555555
mov x0, #0x7fffffffffffffff
movz x0, #1, lsl #48
mov x0, #0x0f0f0f0f0f0f0f0f; movk x0, #0x1234, lsl #32
mov x0, #0xffffff0000000; movk x0, #0x1234
movn x0, #0x4567, lsl #16; movk x0, #0x1234, lsl #32
movz x0, #0x7c15; movk x0, #0x7f4a, lsl #16; movk x0, #0x79b9, lsl #32; movk x0, #0x9e37, lsl #48
mov x19, x0
mov w19, w0
mov w19, w19
add x1, x25, #256
sub x25, x1, #256
add x7, x0, x1
sub w7, w0, w1
add x7, x0, #4095
add x7, x0, #1, lsl #12
sub x7, x0, #4095
add w7, w0, #5
add x7, x0, #0x123, lsl #12; add x7, x7, #0x456
sub x7, x0, #0x123, lsl #12; sub x7, x7, #0x456
movz w16, #0x8000, lsl #16; sub x7, x0, x16
movz w16, #0x8000, lsl #16; add x7, x0, x16
add x0, x25, #240
sub x0, x25, #256
sub x25, x25, #520
add x25, x25, #520
add x17, x25, #256; add x7, x0, x17
and x7, x0, x1
orr w7, w0, w1
eor x7, x0, x1
and x7, x0, #0xff
and x7, x0, #0xfffffffffffffff0
and w7, w0, #0xfffffff0
eor w7, w0, #0x80000000
orr x7, x0, #0xffffffff80000000
movz w16, #5; and x7, x0, x16
movn x16, #5; orr x7, x0, x16
movn w16, #5; eor w7, w0, w16
movz w7, #0
mov w7, w0
mov x7, x0
mov x7, x1
movn x7, #0
movn w7, #0
mvn w7, w0
mvn x7, x0
lsl x7, x0, #63
lsr w7, w0, #31
asr w7, w0, #1
lsl w7, w0, w1
lsr x7, x0, x1
asr x7, x0, x1
eor x7, x0, x1, lsl #13
sub x7, x0, x1, asr #63
and w7, w0, w1, lsr #3
mul x7, x0, x1
lsl w7, w0, #0
lsl x7, x0, #10
add x7, x0, x0, lsl #1
add w7, w0, w0, lsl #2
neg x7, x0
neg x7, x0, lsl #3
sub x7, x0, x0, lsl #2
neg w7, w0, lsl #31
movz w16, #100; mul x7, x0, x16
movn w16, #99; mul w7, w0, w16
umulh x7, x0, x1
udiv x7, x0, x1
sdiv w7, w0, w1
udiv w16, w0, w1; msub w7, w16, w1, w0
sdiv x16, x0, x1; msub x7, x16, x1, x0
neg w7, w0
rev16 w7, w0; uxth w7, w7
rev w7, w0
rev x7, x0
uxtb w7, w0
uxth w7, w0
sxtb w7, w0
sxth x7, w0
sxtw x7, w0
ror x7, x0, #51
ror w7, w0, #1
ubfx x7, x0, #3, #9
lsr x7, x0, #60
cmp x0, #4; csel x7, x1, x7, hi
tst w0, w1; csel x7, x1, x7, ne
