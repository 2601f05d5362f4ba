cmp x0, x1; b.eq #0
cmp w0, w1; b.hi #0
tst x0, x1; b.ne #0
add x17, x25, #256; add x17, x25, #256; cmp x17, x17; b.eq #0
cbz x0, #0
cbnz w0, #0
cbnz x0, #0
cbz w0, #0
tbnz x0, #63, #0
tbnz w0, #31, #0
tbz x0, #63, #0
tbz w0, #31, #0
tbnz w0, #4, #0
tst x0, #0xffffffff80000000; b.ne #0
movz w16, #5; tst w0, w16; b.ne #0
cmp x0, #4095; b.ls #0
cmp x0, #1, lsl #12; b.hs #0
cmn w0, #7; b.lt #0
cmp x0, #4095; b.hi #0
cmp x0, #2, lsl #12; b.ge #0
cmp x0, #2, lsl #12; b.ls #0
cmn x0, #2, lsl #12; b.gt #0
sub x16, x0, #0x123, lsl #12; cmp x16, #0x456; b.eq #0
add w16, w0, #0x123, lsl #12; cmn w16, #0x456; b.ne #0
movz w16, #0x3456; movk w16, #0x12, lsl #16; cmp x0, x16; b.lt #0
mov x16, #0xffffffff80000000; cmp x0, x16; b.eq #0
tbz x0, #63, #8; b #0
cbnz x0, #8; b #0
cmp x0, x1; b.gt #0
cmp x0, x1; b.le #8; b #0
cmp x0, #5; b.hi #0; b.eq #0
cmp x0, x1; b.gt #0; b.lo #0
cmp x0, #5; b.hi #0; cmp x0, #6; b.eq #0
cmp x0, #5; b.hi #0; cmp x0, #5; b.eq #0
cmp x0, x1; b.gt #0; tst x0, x1; b.ne #0
sub x16, x0, #1, lsl #12; cmp x16, #5; b.eq #0; movz w16, #4101; cmp x0, x16; b.lo #0
cmp x0, #5; b.hi #0; add x0, x0, #1; cmp x0, #5; b.eq #0
