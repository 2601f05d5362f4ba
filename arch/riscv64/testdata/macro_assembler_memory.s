lbu a5, 8(a0)
lb a5, 8(a0)
lhu a5, 8(a0)
lh a5, 8(a0)
lwu a5, 8(a0)
c.lw a5, 8(a0)
c.ld a5, 8(a0)
ld a5, -8(s5)
sb a1, 8(a0)
sh a1, 8(a0)
c.sw a1, 8(a0)
c.sd a1, 8(a0)
sd zero, 8(a0)
c.li t4, -1; sb t4, 8(a0)
c.li t4, 5; sw t4, 8(a0)
c.li t4, 5; sw t4, 8(a0); sd t4, 16(a0)
addi t3, a0, 2032; ld a5, 16(t3)
addi t3, a0, -2048; ld a5, -8(t3)
c.lui t3, 2; c.add t3, a0; ld a5, -8(t3)
c.li t3, 1; c.slli t3, 31; c.add t3, a0; ld a5, -1(t3)
slli t3, a1, 3; c.add t3, a0; ld a5, 8(t3)
c.lui t3, 1; c.add t3, a0; ld a5, 0(t3); sd a5, 8(t3); ld a0, 16(t3); c.lui t3, 1; c.add t3, a0; ld a5, 0(t3)
c.lui t3, 1; c.add t3, a0; sd a5, 0(t3); c.lui t3, 1; c.add t3, a0; sd a5, 8(t3)
addi a0, a1, -8
slli a0, a2, 2; c.add a0, a1
sh2add a0, a2, a1
slli t5, a0, 56; srli t5, t5, 48; c.slli a0, 48; c.srli a0, 56; or a0, a0, t5
lui t4, 0xff0; addiw t4, t4, 255; srli t5, a0, 8; and t5, t5, t4; and a0, a0, t4; c.slli a0, 8; or a0, a0, t5; srli t5, a0, 16; c.slli a0, 48; c.srli a0, 32; or a0, a0, t5
lui t4, 0xff0; addiw t4, t4, 255; srli t5, a0, 8; and t5, t5, t4; and a0, a0, t4; c.slli a0, 8; or a0, a0, t5; srli t5, a0, 16; slliw a0, a0, 16; or a0, a0, t5
lbu t5, 8(a0); lbu a0, 9(a0); c.slli t5, 8; or a0, a0, t5
c.ld a0, 8(a1); rev8 a0, a0
amoadd.d zero, a1, (a0)
addi t3, a0, 8; amoor.w zero, a1, (t3)
amoxor.d.aqrl a1, a1, (a0)
amoswap.w.aqrl a1, a1, (a0); and a1, a1, s6
lr.d.aq t5, (a0); bne t5, a5, 12; sc.d.aqrl t6, a1, (a0); bne t6, zero, -12; c.mv a5, t5
addiw t4, a5, 0; lr.w.aq t5, (a0); bne t5, t4, 12; sc.w.aqrl t6, a1, (a0); bne t6, zero, -12; and a5, t5, s6
lwu a1, 8(a0); fence r, rw
fence rw, w; c.sd a1, 8(a0)
