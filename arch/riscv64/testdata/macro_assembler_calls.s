jal ra, 4096; c.mv a5, a0
jal ra, -4096
auipc ra, 513; jalr ra, 564(ra); c.mv a5, a0
auipc ra, 0xffe01; jalr ra, 564(ra); c.mv a5, a0
lui t3, 0x12345; jalr ra, 0x678(t3)
lui t3, 0x80201; jalr ra, 564(t3)
c.lui t3, 16; c.jalr t3
jal ra, 0
auipc ra, 0; jalr ra, 0(ra)
auipc a1, 0; addi a1, a1, 0
c.jr t2
c.jr ra
c.addi sp, -16; c.sdsp s2, 8(sp); c.ldsp s2, 8(sp); c.addi sp, 16; c.jr ra
c.addi sp, -16; c.sdsp ra, 8(sp); c.sdsp s0, 0(sp); c.addi4spn s0, sp, 16; c.ldsp ra, 8(sp); c.ldsp s0, 0(sp); c.addi sp, 16; c.jr ra
c.addi16sp sp, -48; c.sdsp ra, 40(sp); c.sdsp s0, 32(sp); c.sdsp s1, 24(sp); c.sdsp s2, 16(sp); c.sdsp s3, 8(sp); c.sdsp s4, 0(sp); c.addi4spn s0, sp, 48; c.ldsp ra, 40(sp); c.ldsp s0, 32(sp); c.ldsp s1, 24(sp); c.ldsp s2, 16(sp); c.ldsp s3, 8(sp); c.ldsp s4, 0(sp); c.addi16sp sp, 48; c.jr ra
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra; c.mv a0, a1; c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra; and a0, a1, s6; c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra; c.jr t2; c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; jal ra, 0; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; c.mv s5, a1; c.mv t3, a2; c.ld a4, 32(a0); c.ld a3, 24(a0); c.ld a2, 16(a0); c.ld a1, 8(a0); c.ld a0, 0(a0); c.jalr t3; c.mv a0, a5; c.ldsp s6, 0(sp); c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); c.addi16sp sp, 32; c.jr ra
