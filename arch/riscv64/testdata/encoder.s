add zero, ra, sp
add t6, t6, t6
add a0, s5, s0
add s0, zero, t2
sub zero, ra, sp
sub t6, t6, t6
sub a0, s5, s0
sub s0, zero, t2
sll zero, ra, sp
sll t6, t6, t6
sll a0, s5, s0
sll s0, zero, t2
slt zero, ra, sp
slt t6, t6, t6
slt a0, s5, s0
slt s0, zero, t2
sltu zero, ra, sp
sltu t6, t6, t6
sltu a0, s5, s0
sltu s0, zero, t2
xor zero, ra, sp
xor t6, t6, t6
xor a0, s5, s0
xor s0, zero, t2
srl zero, ra, sp
srl t6, t6, t6
srl a0, s5, s0
srl s0, zero, t2
sra zero, ra, sp
sra t6, t6, t6
sra a0, s5, s0
sra s0, zero, t2
or zero, ra, sp
or t6, t6, t6
or a0, s5, s0
or s0, zero, t2
and zero, ra, sp
and t6, t6, t6
and a0, s5, s0
and s0, zero, t2
mul zero, ra, sp
mul t6, t6, t6
mul a0, s5, s0
mul s0, zero, t2
mulhu zero, ra, sp
mulhu t6, t6, t6
mulhu a0, s5, s0
mulhu s0, zero, t2
div zero, ra, sp
div t6, t6, t6
div a0, s5, s0
div s0, zero, t2
divu zero, ra, sp
divu t6, t6, t6
divu a0, s5, s0
divu s0, zero, t2
rem zero, ra, sp
rem t6, t6, t6
rem a0, s5, s0
rem s0, zero, t2
remu zero, ra, sp
remu t6, t6, t6
remu a0, s5, s0
remu s0, zero, t2
addw zero, ra, sp
addw t6, t6, t6
addw a0, s5, s0
addw s0, zero, t2
subw zero, ra, sp
subw t6, t6, t6
subw a0, s5, s0
subw s0, zero, t2
sllw zero, ra, sp
sllw t6, t6, t6
sllw a0, s5, s0
sllw s0, zero, t2
srlw zero, ra, sp
srlw t6, t6, t6
srlw a0, s5, s0
srlw s0, zero, t2
sraw zero, ra, sp
sraw t6, t6, t6
sraw a0, s5, s0
sraw s0, zero, t2
mulw zero, ra, sp
mulw t6, t6, t6
mulw a0, s5, s0
mulw s0, zero, t2
divw zero, ra, sp
divw t6, t6, t6
divw a0, s5, s0
divw s0, zero, t2
divuw zero, ra, sp
divuw t6, t6, t6
divuw a0, s5, s0
divuw s0, zero, t2
remw zero, ra, sp
remw t6, t6, t6
remw a0, s5, s0
remw s0, zero, t2
remuw zero, ra, sp
remuw t6, t6, t6
remuw a0, s5, s0
remuw s0, zero, t2
sh1add zero, ra, sp
sh1add t6, t6, t6
sh1add a0, s5, s0
sh1add s0, zero, t2
sh2add zero, ra, sp
sh2add t6, t6, t6
sh2add a0, s5, s0
sh2add s0, zero, t2
sh3add zero, ra, sp
sh3add t6, t6, t6
sh3add a0, s5, s0
sh3add s0, zero, t2
add.uw zero, ra, sp
add.uw t6, t6, t6
add.uw a0, s5, s0
add.uw s0, zero, t2
sext.b zero, ra
sext.b t6, t6
sext.b a0, s5
sext.b s0, zero
sext.h zero, ra
sext.h t6, t6
sext.h a0, s5
sext.h s0, zero
rev8 zero, ra
rev8 t6, t6
rev8 a0, s5
rev8 s0, zero
zext.h zero, ra
zext.h t6, t6
zext.h a0, s5
zext.h s0, zero
addi a5, t3, 0
addi a5, t3, 1
addi a5, t3, -1
addi a5, t3, 2047
addi a5, t3, -2048
addi a5, t3, 1365
xori a5, t3, 0
xori a5, t3, 1
xori a5, t3, -1
xori a5, t3, 2047
xori a5, t3, -2048
xori a5, t3, 1365
ori a5, t3, 0
ori a5, t3, 1
ori a5, t3, -1
ori a5, t3, 2047
ori a5, t3, -2048
ori a5, t3, 1365
andi a5, t3, 0
andi a5, t3, 1
andi a5, t3, -1
andi a5, t3, 2047
andi a5, t3, -2048
andi a5, t3, 1365
addiw a5, t3, 0
addiw a5, t3, 1
addiw a5, t3, -1
addiw a5, t3, 2047
addiw a5, t3, -2048
addiw a5, t3, 1365
slli s11, a0, 1
slli s11, a0, 21
slli s11, a0, 31
slli s11, a0, 32
slli s11, a0, 63
srli s11, a0, 1
srli s11, a0, 21
srli s11, a0, 31
srli s11, a0, 32
srli s11, a0, 63
srai s11, a0, 1
srai s11, a0, 21
srai s11, a0, 31
srai s11, a0, 32
srai s11, a0, 63
rori s11, a0, 1
rori s11, a0, 21
rori s11, a0, 31
rori s11, a0, 32
rori s11, a0, 63
slliw s11, a0, 1
slliw s11, a0, 21
slliw s11, a0, 31
srliw s11, a0, 1
srliw s11, a0, 21
srliw s11, a0, 31
sraiw s11, a0, 1
sraiw s11, a0, 21
sraiw s11, a0, 31
roriw s11, a0, 1
roriw s11, a0, 21
roriw s11, a0, 31
lui t6, 0
auipc ra, 0
lui t6, 1
auipc ra, 1
lui t6, 1048575
auipc ra, 1048575
lui t6, 524288
auipc ra, 524288
lui t6, 74565
auipc ra, 74565
lui a0, 0xfffff
lb s1, 0(s5)
lh s1, 0(s5)
lw s1, 0(s5)
ld s1, 0(s5)
lbu s1, 0(s5)
lhu s1, 0(s5)
lwu s1, 0(s5)
sb t4, 0(a0)
sh t4, 0(a0)
sw t4, 0(a0)
sd t4, 0(a0)
jalr ra, 0(t3)
lb s1, 1(s5)
lh s1, 1(s5)
lw s1, 1(s5)
ld s1, 1(s5)
lbu s1, 1(s5)
lhu s1, 1(s5)
lwu s1, 1(s5)
sb t4, 1(a0)
sh t4, 1(a0)
sw t4, 1(a0)
sd t4, 1(a0)
jalr ra, 1(t3)
lb s1, -1(s5)
lh s1, -1(s5)
lw s1, -1(s5)
ld s1, -1(s5)
lbu s1, -1(s5)
lhu s1, -1(s5)
lwu s1, -1(s5)
sb t4, -1(a0)
sh t4, -1(a0)
sw t4, -1(a0)
sd t4, -1(a0)
jalr ra, -1(t3)
lb s1, 31(s5)
lh s1, 31(s5)
lw s1, 31(s5)
ld s1, 31(s5)
lbu s1, 31(s5)
lhu s1, 31(s5)
lwu s1, 31(s5)
sb t4, 31(a0)
sh t4, 31(a0)
sw t4, 31(a0)
sd t4, 31(a0)
jalr ra, 31(t3)
lb s1, 32(s5)
lh s1, 32(s5)
lw s1, 32(s5)
ld s1, 32(s5)
lbu s1, 32(s5)
lhu s1, 32(s5)
lwu s1, 32(s5)
sb t4, 32(a0)
sh t4, 32(a0)
sw t4, 32(a0)
sd t4, 32(a0)
jalr ra, 32(t3)
lb s1, 2047(s5)
lh s1, 2047(s5)
lw s1, 2047(s5)
ld s1, 2047(s5)
lbu s1, 2047(s5)
lhu s1, 2047(s5)
lwu s1, 2047(s5)
sb t4, 2047(a0)
sh t4, 2047(a0)
sw t4, 2047(a0)
sd t4, 2047(a0)
jalr ra, 2047(t3)
lb s1, -2048(s5)
lh s1, -2048(s5)
lw s1, -2048(s5)
ld s1, -2048(s5)
lbu s1, -2048(s5)
lhu s1, -2048(s5)
lwu s1, -2048(s5)
sb t4, -2048(a0)
sh t4, -2048(a0)
sw t4, -2048(a0)
sd t4, -2048(a0)
jalr ra, -2048(t3)
beq a1, t6, 2
beq a1, t6, -2
beq a1, t6, 30
beq a1, t6, 32
beq a1, t6, 2046
beq a1, t6, 2048
beq a1, t6, 4094
beq a1, t6, -4096
beq a1, t6, 1364
bne a1, t6, 2
bne a1, t6, -2
bne a1, t6, 30
bne a1, t6, 32
bne a1, t6, 2046
bne a1, t6, 2048
bne a1, t6, 4094
bne a1, t6, -4096
bne a1, t6, 1364
blt a1, t6, 2
blt a1, t6, -2
blt a1, t6, 30
blt a1, t6, 32
blt a1, t6, 2046
blt a1, t6, 2048
blt a1, t6, 4094
blt a1, t6, -4096
blt a1, t6, 1364
bge a1, t6, 2
bge a1, t6, -2
bge a1, t6, 30
bge a1, t6, 32
bge a1, t6, 2046
bge a1, t6, 2048
bge a1, t6, 4094
bge a1, t6, -4096
bge a1, t6, 1364
bltu a1, t6, 2
bltu a1, t6, -2
bltu a1, t6, 30
bltu a1, t6, 32
bltu a1, t6, 2046
bltu a1, t6, 2048
bltu a1, t6, 4094
bltu a1, t6, -4096
bltu a1, t6, 1364
bgeu a1, t6, 2
bgeu a1, t6, -2
bgeu a1, t6, 30
bgeu a1, t6, 32
bgeu a1, t6, 2046
bgeu a1, t6, 2048
bgeu a1, t6, 4094
bgeu a1, t6, -4096
bgeu a1, t6, 1364
jal ra, 2
jal zero, 2
jal ra, -2
jal zero, -2
jal ra, 2046
jal zero, 2046
jal ra, 2048
jal zero, 2048
jal ra, 4096
jal zero, 4096
jal ra, 1046528
jal zero, 1046528
jal ra, 1048574
jal zero, 1048574
jal ra, -1048576
jal zero, -1048576
jal ra, 349524
jal zero, 349524
jal ra, -349524
jal zero, -349524
amoadd.w a4, s3, (t3)
amoswap.w a4, s3, (t3)
amoxor.w a4, s3, (t3)
amoor.w a4, s3, (t3)
amoand.w a4, s3, (t3)
sc.w a4, s3, (t3)
lr.w t5, (a1)
amoadd.d a4, s3, (t3)
amoswap.d a4, s3, (t3)
amoxor.d a4, s3, (t3)
amoor.d a4, s3, (t3)
amoand.d a4, s3, (t3)
sc.d a4, s3, (t3)
lr.d t5, (a1)
amoadd.w.aq a4, s3, (t3)
amoswap.w.aq a4, s3, (t3)
amoxor.w.aq a4, s3, (t3)
amoor.w.aq a4, s3, (t3)
amoand.w.aq a4, s3, (t3)
sc.w.aq a4, s3, (t3)
lr.w.aq t5, (a1)
amoadd.d.aq a4, s3, (t3)
amoswap.d.aq a4, s3, (t3)
amoxor.d.aq a4, s3, (t3)
amoor.d.aq a4, s3, (t3)
amoand.d.aq a4, s3, (t3)
sc.d.aq a4, s3, (t3)
lr.d.aq t5, (a1)
amoadd.w.rl a4, s3, (t3)
amoswap.w.rl a4, s3, (t3)
amoxor.w.rl a4, s3, (t3)
amoor.w.rl a4, s3, (t3)
amoand.w.rl a4, s3, (t3)
sc.w.rl a4, s3, (t3)
lr.w.rl t5, (a1)
amoadd.d.rl a4, s3, (t3)
amoswap.d.rl a4, s3, (t3)
amoxor.d.rl a4, s3, (t3)
amoor.d.rl a4, s3, (t3)
amoand.d.rl a4, s3, (t3)
sc.d.rl a4, s3, (t3)
lr.d.rl t5, (a1)
amoadd.w.aqrl a4, s3, (t3)
amoswap.w.aqrl a4, s3, (t3)
amoxor.w.aqrl a4, s3, (t3)
amoor.w.aqrl a4, s3, (t3)
amoand.w.aqrl a4, s3, (t3)
sc.w.aqrl a4, s3, (t3)
lr.w.aqrl t5, (a1)
amoadd.d.aqrl a4, s3, (t3)
amoswap.d.aqrl a4, s3, (t3)
amoxor.d.aqrl a4, s3, (t3)
amoor.d.aqrl a4, s3, (t3)
amoand.d.aqrl a4, s3, (t3)
sc.d.aqrl a4, s3, (t3)
lr.d.aqrl t5, (a1)
fence r, rw
fence rw, w
c.addi ra, 1
c.addiw ra, 1
c.li ra, 1
c.lui ra, 1
c.addi a0, 1
c.addiw a0, 1
c.li a0, 1
c.lui a0, 1
c.addi t6, 1
c.addiw t6, 1
c.li t6, 1
c.lui t6, 1
c.andi s0, 1
c.andi a5, 1
c.addi ra, -1
c.addiw ra, -1
c.li ra, -1
c.lui ra, 1048575
c.addi a0, -1
c.addiw a0, -1
c.li a0, -1
c.lui a0, 1048575
c.addi t6, -1
c.addiw t6, -1
c.li t6, -1
c.lui t6, 1048575
c.andi s0, -1
c.andi a5, -1
c.addi ra, 31
c.addiw ra, 31
c.li ra, 31
c.lui ra, 31
c.addi a0, 31
c.addiw a0, 31
c.li a0, 31
c.lui a0, 31
c.addi t6, 31
c.addiw t6, 31
c.li t6, 31
c.lui t6, 31
c.andi s0, 31
c.andi a5, 31
c.addi ra, -32
c.addiw ra, -32
c.li ra, -32
c.lui ra, 1048544
c.addi a0, -32
c.addiw a0, -32
c.li a0, -32
c.lui a0, 1048544
c.addi t6, -32
c.addiw t6, -32
c.li t6, -32
c.lui t6, 1048544
c.andi s0, -32
c.andi a5, -32
c.addi ra, 21
c.addiw ra, 21
c.li ra, 21
c.lui ra, 21
c.addi a0, 21
c.addiw a0, 21
c.li a0, 21
c.lui a0, 21
c.addi t6, 21
c.addiw t6, 21
c.li t6, 21
c.lui t6, 21
c.andi s0, 21
c.andi a5, 21
c.slli t3, 1
c.srli s1, 1
c.srai a3, 1
c.slli t3, 31
c.srli s1, 31
c.srai a3, 31
c.slli t3, 32
c.srli s1, 32
c.srai a3, 32
c.slli t3, 63
c.srli s1, 63
c.srai a3, 63
c.slli t3, 42
c.srli s1, 42
c.srai a3, 42
c.sub s0, a5
c.sub a2, s1
c.xor s0, a5
c.xor a2, s1
c.or s0, a5
c.or a2, s1
c.and s0, a5
c.and a2, s1
c.subw s0, a5
c.subw a2, s1
c.addw s0, a5
c.addw a2, s1
c.mv ra, sp
c.add ra, sp
c.mv ra, s6
c.add ra, s6
c.mv ra, t6
c.add ra, t6
c.jr ra
c.jalr ra
c.mv a5, sp
c.add a5, sp
c.mv a5, s6
c.add a5, s6
c.mv a5, t6
c.add a5, t6
c.jr a5
c.jalr a5
c.mv t6, sp
c.add t6, sp
c.mv t6, s6
c.add t6, s6
c.mv t6, t6
c.add t6, t6
c.jr t6
c.jalr t6
c.lw a0, 0(s1)
c.sw s1, 0(a5)
c.lw a0, 4(s1)
c.sw s1, 4(a5)
c.lw a0, 8(s1)
c.sw s1, 8(a5)
c.lw a0, 60(s1)
c.sw s1, 60(a5)
c.lw a0, 64(s1)
c.sw s1, 64(a5)
c.lw a0, 124(s1)
c.sw s1, 124(a5)
c.ld a5, 0(a0)
c.sd a3, 0(a4)
c.ld a5, 8(a0)
c.sd a3, 8(a4)
c.ld a5, 16(a0)
c.sd a3, 16(a4)
c.ld a5, 56(a0)
c.sd a3, 56(a4)
c.ld a5, 64(a0)
c.sd a3, 64(a4)
c.ld a5, 128(a0)
c.sd a3, 128(a4)
c.ld a5, 248(a0)
c.sd a3, 248(a4)
c.ldsp s6, 0(sp)
c.sdsp ra, 0(sp)
c.ldsp s6, 8(sp)
c.sdsp ra, 8(sp)
c.ldsp s6, 24(sp)
c.sdsp ra, 24(sp)
c.ldsp s6, 32(sp)
c.sdsp ra, 32(sp)
c.ldsp s6, 64(sp)
c.sdsp ra, 64(sp)
c.ldsp s6, 256(sp)
c.sdsp ra, 256(sp)
c.ldsp s6, 504(sp)
c.sdsp ra, 504(sp)
c.addi16sp sp, 16
c.addi16sp sp, -16
c.addi16sp sp, 32
c.addi16sp sp, 64
c.addi16sp sp, 128
c.addi16sp sp, 256
c.addi16sp sp, 496
c.addi16sp sp, -512
c.addi4spn s0, sp, 4
c.addi4spn a2, sp, 4
c.addi4spn s0, sp, 8
c.addi4spn a2, sp, 8
c.addi4spn s0, sp, 16
c.addi4spn a2, sp, 16
c.addi4spn s0, sp, 32
c.addi4spn a2, sp, 32
c.addi4spn s0, sp, 64
c.addi4spn a2, sp, 64
c.addi4spn s0, sp, 128
c.addi4spn a2, sp, 128
c.addi4spn s0, sp, 256
c.addi4spn a2, sp, 256
c.addi4spn s0, sp, 512
c.addi4spn a2, sp, 512
c.addi4spn s0, sp, 1020
c.addi4spn a2, sp, 1020
c.j 2
c.j -2
c.j 8
c.j 16
c.j 32
c.j 64
c.j 128
c.j 256
c.j 512
c.j 1024
c.j 2046
c.j -2048
c.j 682
c.beqz a5, 2
c.bnez s1, 2
c.beqz a5, -2
c.bnez s1, -2
c.beqz a5, 8
c.bnez s1, 8
c.beqz a5, 16
c.bnez s1, 16
c.beqz a5, 32
c.bnez s1, 32
c.beqz a5, 64
c.bnez s1, 64
c.beqz a5, 128
c.bnez s1, 128
c.beqz a5, 254
c.bnez s1, 254
c.beqz a5, -256
c.bnez s1, -256
c.beqz a5, 170
c.bnez s1, 170
