c.beqz a0, 254
c.beqz a0, -254
beq a0, zero, 4094
bltu a0, a1, -4092
bltu a0, a1, 4
c.bnez a0, 6; jal zero, 1048574
bgeu a0, a1, 8; jal zero, -1048572
bgeu a0, a1, 12; auipc t3, 0x12346; jalr zero, -2040(t3)
c.j 2046
c.j -2046
jal zero, -1048572
auipc t3, 0xffe00; jalr zero, 8(t3)
jal ra, 104
auipc ra, 0; jalr ra, 108(ra)
auipc a1, 1; addi a1, a1, -88
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 118; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; auipc ra, 0; jalr ra, 122(ra); c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
