beq a0, a1, 0
bltu a1, a0, 0
bgeu a0, a1, 0
bltu a0, a1, 0
bgeu a1, a0, 0
blt a1, a0, 0
bge a0, a1, 0
blt a0, a1, 0
bge a1, a0, 0
c.beqz a0, 0
c.bnez a0, 0
blt a0, zero, 0
bge a0, zero, 0
blt zero, a0, 0
c.li t4, 5; bne a0, t4, 0
c.lui t4, 1; bgeu a0, t4, 0
addi t4, zero, 2047; bgeu t4, a0, 0
c.li t4, -1; bltu t4, a0, 0
beq s2, zero, 0
subw t5, a0, a1; beq t5, zero, 0
addiw t5, a0, 0; addiw t6, a1, 0; bltu t5, t6, 0
addiw t5, a0, 0; beq t5, zero, 0
addiw t5, a0, -7; bne t5, zero, 0
c.addiw a0, 0; c.addiw a1, 0; bltu a0, a1, 0; blt a0, a1, 0
addiw t5, s5, 0; beq t5, zero, 0
c.addiw a0, 0; c.beqz a0, 0
lwu a0, 0(a2); lwu a1, 4(a2); bltu a0, a1, 0; c.li t4, 9; bltu a0, t4, 0
lbu a0, 0(a2); c.lw a1, 4(a2); bltu a0, a1, 0; blt a0, a1, 0
lwu a0, 0(a2); addiw t5, a0, 0; c.li t4, 9; blt t5, t4, 0
and t5, a0, a1; bne t5, zero, 0
and t5, a0, a1; c.addiw t5, 0; bne t5, zero, 0
andi t5, a0, 4; bne t5, zero, 0
slli t5, a0, 47; blt t5, zero, 0
andi t5, a0, -4; bne t5, zero, 0
andi t5, a0, -4; c.addiw t5, 0; bne t5, zero, 0
addiw t5, a0, 0; blt t5, zero, 0
c.lui t4, 3; and t5, a0, t4; bne t5, zero, 0
beq a0, zero, 0
c.bnez a0, 6; jal zero, 0
c.bnez a0, 10; auipc t3, 0; jalr zero, 0(t3)
bgeu a0, a1, 8; jal zero, 0
bgeu a0, a1, 12; auipc t3, 0; jalr zero, 0(t3)
c.j 0
jal zero, 0
auipc t3, 0; jalr zero, 0(t3)
