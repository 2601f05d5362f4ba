c.add a0, a1
c.add a0, t3
add a0, a1, a2
c.and a0, a1
c.and a0, a2
and t3, t3, a0
and a0, a0, t3
c.or a0, a1
c.sub a0, a1
sub a0, a1, a0
c.subw a0, a1
c.mv t3, a0
c.addi t3, -32
addi t3, t3, 32
addi a0, a1, 1
c.mv a0, a1
c.addi16sp sp, -64
c.addi sp, -16
addi sp, sp, 1024
c.addi4spn s0, sp, 48
addi s0, sp, -48
addi t3, sp, 48
c.addiw t3, 0
addiw a0, a1, 0
addiw a0, a0, 32
c.andi a0, -1
andi a0, a0, 255
andi t3, t3, 1
c.slli t3, 63
slli a0, a1, 1
c.srli a0, 63
srli t3, t3, 1
c.srai a0, 1
srai a0, a1, 1
c.ld a0, 248(a1)
ld a0, 256(a1)
ld a0, 4(a1)
ld a0, -8(a1)
ld t3, 8(a1)
ld a0, 8(t3)
c.ldsp t3, 504(sp)
ld t3, 512(sp)
c.lw a0, 124(a1)
lw a0, 128(a1)
lw a0, 2(a1)
lwu a0, 4(a1)
lbu a0, 0(a1)
lw a0, 4(sp)
c.sd a0, 248(a1)
sd a0, 256(a1)
sd zero, 8(a1)
c.sdsp t3, 504(sp)
c.sw a0, 124(a1)
sw a0, -4(a1)
sb a0, 4(a1)
c.li a0, 0
c.li a0, -32
addi a0, zero, 32
addi a0, zero, -2048
c.lui a0, 1
lui a0, 32
c.lui a0, 0xfffe0
c.lui a0, 1; addiw a0, a0, -2048
lui a0, 0x12345; addiw a0, a0, 0x678
lui a0, 0x80000; c.addiw a0, -1
lui a0, 0x80000
c.li a0, 1; c.slli a0, 31
c.li a0, -1; c.srli a0, 32
c.li a0, -1; c.srli a0, 1
c.li a0, -1; c.slli a0, 63
addi a0, zero, 1023; c.slli a0, 40
lui a0, 0x12345; c.slli a0, 8
c.li a0, 1; c.slli a0, 40; addi a0, a0, 0x1b3
lui a0, 0xff0; addiw a0, a0, 255; c.slli a0, 16; addi a0, a0, 255; c.slli a0, 16; addi a0, a0, 255
