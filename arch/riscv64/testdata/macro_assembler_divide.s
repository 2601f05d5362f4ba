divu a0, a0, a1
divu a0, a0, a1; c.bnez a1, 4; c.li a0, 0
div a0, a0, s2; bne s2, zero, 6; c.li a0, 0
divu t5, a0, a0; c.bnez a0, 4; c.li t5, 0; c.mv a0, t5
addiw t6, a1, 0; divw a0, a0, a1; bne t6, zero, 6; c.li a0, 0
remu a0, a0, a1
remuw a0, a0, a1
rem a0, a0, a1
remw a0, a0, a1
mulhu a0, a1, a2
