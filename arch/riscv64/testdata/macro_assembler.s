c.mv s1, a0
and s1, a0, s6
c.mv a1, s5
c.li a0, 5
c.mv a0, s6
c.lui a0, 0xfffff; and a0, a0, s6
c.li a0, 1; c.slli a0, 31
c.li a0, -1
c.li t1, -1; srli t1, t1, 32
c.add a0, a1
add a0, a1, a2
c.sub a0, a1
c.addi a0, 1
c.addi a0, -1
addi a0, s5, -8
addi a0, a0, 1500; addi a0, a0, 1500
lui t4, 0x12345; addiw t4, t4, 0x678; c.add a0, t4
c.li t4, 1; c.slli t4, 31; c.add a0, t4
sub a0, zero, a1
c.and a0, a1
c.or a0, a1
xor a0, a1, a2
c.andi a0, 15
andi a0, a0, 255
c.slli a0, 48; c.srli a0, 48
c.srli a0, 12; c.slli a0, 12
lui t4, 0x100; and a0, a0, t4
c.li a0, 0
ori a0, a0, 1
xori a0, a0, -1
c.lui t4, 2; or a0, a0, t4
mul a0, a0, a1
c.slli a0, 3
sub a0, zero, a0
slli t5, a0, 1; c.add a0, t5
slli t5, a0, 3; sub a0, t5, a0
c.li t4, 11; mul a0, a0, t4
sll a0, a0, a1
srl a0, a0, a1
sra a0, a0, a1
c.slli a0, 7
c.srli a0, 7
c.srai a0, 7
slli t5, a1, 13; srli a0, a1, 51; or a0, a0, t5
slliw t5, a1, 13; srliw a0, a1, 19; or a0, a0, t5; c.and a0, s1
c.addw a0, a1; and a0, a0, s6
c.addw a0, a1
c.subw a0, a1
c.addiw a0, 1
c.addiw a0, -1; and a0, a0, s6
mulw a0, a0, a1
sllw a0, a0, a1
slliw a0, a0, 5
c.slli a0, 37; c.srli a0, 32
srliw a0, a0, 5
sraiw a0, a0, 5; and a0, a0, s6
c.and a0, a1; and a0, a0, s6
xori a0, a0, -1; and a0, a0, s6
c.lw a0, 0(a1); c.srai a0, 3
lwu a0, 0(a1); c.srli a0, 3; c.mv a2, a0
lwu a0, 0(a1); c.mv a2, a0; c.and a3, a0; c.or a0, a2; c.mv a1, a3
lwu a0, 0(a1); and a2, a0, s6
c.lw a0, 0(a1); c.mv a2, a0
lwu a0, 0(a1); lwu a2, 4(a1); remu a0, a0, a2; c.mv a1, a0
and a0, a0, s6
c.slli a0, 56; c.srai a0, 56
c.slli a0, 48; c.srai a0, 48; and a0, a0, s6
c.addiw a0, 0
c.srli a0, 8; andi a0, a0, 255
c.andi a0, 7
c.slli a0, 40; c.srli a0, 48
srliw a0, a0, 16
c.srli a0, 48
add.uw s1, a0, zero
sh1add a0, a0, a0
rori a0, a1, 51
roriw a0, a1, 19
zext.h a0, a1
sext.b a0, a1
rev8 a0, a1
rev8 a0, a1; c.srli a0, 48
