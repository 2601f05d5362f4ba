mov eax, eax
test eax, eax
imul eax, eax
mov eax, ecx
test eax, ecx
imul eax, ecx
mov eax, edi
test eax, edi
imul eax, edi
mov eax, esi
test eax, esi
imul eax, esi
mov eax, r8d
test eax, r8d
imul eax, r8d
mov eax, r12d
test eax, r12d
imul eax, r12d
mov eax, r13d
test eax, r13d
imul eax, r13d
add eax, r14d
or eax, r14d
and eax, r14d
sub eax, r14d
xor eax, r14d
cmp eax, r14d
cmovb eax, r14d
cmovae eax, r14d
cmove eax, r14d
cmovne eax, r14d
cmovbe eax, r14d
cmova eax, r14d
cmovs eax, r14d
cmovns eax, r14d
cmovl eax, r14d
cmovge eax, r14d
cmovle eax, r14d
cmovg eax, r14d
mov ecx, eax
test ecx, eax
imul ecx, eax
mov ecx, ecx
test ecx, ecx
imul ecx, ecx
mov ecx, edi
test ecx, edi
imul ecx, edi
mov ecx, esi
test ecx, esi
imul ecx, esi
mov ecx, r8d
test ecx, r8d
imul ecx, r8d
mov ecx, r12d
test ecx, r12d
imul ecx, r12d
mov ecx, r13d
test ecx, r13d
imul ecx, r13d
add ecx, r14d
or ecx, r14d
and ecx, r14d
sub ecx, r14d
xor ecx, r14d
cmp ecx, r14d
cmovb ecx, r14d
cmovae ecx, r14d
cmove ecx, r14d
cmovne ecx, r14d
cmovbe ecx, r14d
cmova ecx, r14d
cmovs ecx, r14d
cmovns ecx, r14d
cmovl ecx, r14d
cmovge ecx, r14d
cmovle ecx, r14d
cmovg ecx, r14d
mov edi, eax
test edi, eax
imul edi, eax
mov edi, ecx
test edi, ecx
imul edi, ecx
mov edi, edi
test edi, edi
imul edi, edi
mov edi, esi
test edi, esi
imul edi, esi
mov edi, r8d
test edi, r8d
imul edi, r8d
mov edi, r12d
test edi, r12d
imul edi, r12d
mov edi, r13d
test edi, r13d
imul edi, r13d
add edi, r14d
or edi, r14d
and edi, r14d
sub edi, r14d
xor edi, r14d
cmp edi, r14d
cmovb edi, r14d
cmovae edi, r14d
cmove edi, r14d
cmovne edi, r14d
cmovbe edi, r14d
cmova edi, r14d
cmovs edi, r14d
cmovns edi, r14d
cmovl edi, r14d
cmovge edi, r14d
cmovle edi, r14d
cmovg edi, r14d
mov esi, eax
test esi, eax
imul esi, eax
mov esi, ecx
test esi, ecx
imul esi, ecx
mov esi, edi
test esi, edi
imul esi, edi
mov esi, esi
test esi, esi
imul esi, esi
mov esi, r8d
test esi, r8d
imul esi, r8d
mov esi, r12d
test esi, r12d
imul esi, r12d
mov esi, r13d
test esi, r13d
imul esi, r13d
add esi, r14d
or esi, r14d
and esi, r14d
sub esi, r14d
xor esi, r14d
cmp esi, r14d
cmovb esi, r14d
cmovae esi, r14d
cmove esi, r14d
cmovne esi, r14d
cmovbe esi, r14d
cmova esi, r14d
cmovs esi, r14d
cmovns esi, r14d
cmovl esi, r14d
cmovge esi, r14d
cmovle esi, r14d
cmovg esi, r14d
mov r8d, eax
test r8d, eax
imul r8d, eax
mov r8d, ecx
test r8d, ecx
imul r8d, ecx
mov r8d, edi
test r8d, edi
imul r8d, edi
mov r8d, esi
test r8d, esi
imul r8d, esi
mov r8d, r8d
test r8d, r8d
imul r8d, r8d
mov r8d, r12d
test r8d, r12d
imul r8d, r12d
mov r8d, r13d
test r8d, r13d
imul r8d, r13d
add r8d, r14d
or r8d, r14d
and r8d, r14d
sub r8d, r14d
xor r8d, r14d
cmp r8d, r14d
cmovb r8d, r14d
cmovae r8d, r14d
cmove r8d, r14d
cmovne r8d, r14d
cmovbe r8d, r14d
cmova r8d, r14d
cmovs r8d, r14d
cmovns r8d, r14d
cmovl r8d, r14d
cmovge r8d, r14d
cmovle r8d, r14d
cmovg r8d, r14d
mov r12d, eax
test r12d, eax
imul r12d, eax
mov r12d, ecx
test r12d, ecx
imul r12d, ecx
mov r12d, edi
test r12d, edi
imul r12d, edi
mov r12d, esi
test r12d, esi
imul r12d, esi
mov r12d, r8d
test r12d, r8d
imul r12d, r8d
mov r12d, r12d
test r12d, r12d
imul r12d, r12d
mov r12d, r13d
test r12d, r13d
imul r12d, r13d
add r12d, r14d
or r12d, r14d
and r12d, r14d
sub r12d, r14d
xor r12d, r14d
cmp r12d, r14d
cmovb r12d, r14d
cmovae r12d, r14d
cmove r12d, r14d
cmovne r12d, r14d
cmovbe r12d, r14d
cmova r12d, r14d
cmovs r12d, r14d
cmovns r12d, r14d
cmovl r12d, r14d
cmovge r12d, r14d
cmovle r12d, r14d
cmovg r12d, r14d
mov r13d, eax
test r13d, eax
imul r13d, eax
mov r13d, ecx
test r13d, ecx
imul r13d, ecx
mov r13d, edi
test r13d, edi
imul r13d, edi
mov r13d, esi
test r13d, esi
imul r13d, esi
mov r13d, r8d
test r13d, r8d
imul r13d, r8d
mov r13d, r12d
test r13d, r12d
imul r13d, r12d
mov r13d, r13d
test r13d, r13d
imul r13d, r13d
add r13d, edx
or r13d, edx
and r13d, edx
sub r13d, edx
xor r13d, edx
cmp r13d, edx
cmovb r13d, edx
cmovae r13d, edx
cmove r13d, edx
cmovne r13d, edx
cmovbe r13d, edx
cmova r13d, edx
cmovs r13d, edx
cmovns r13d, edx
cmovl r13d, edx
cmovge r13d, edx
cmovle r13d, edx
cmovg r13d, edx
mov rax, rax
test rax, rax
imul rax, rax
mov rax, rcx
test rax, rcx
imul rax, rcx
mov rax, rdi
test rax, rdi
imul rax, rdi
mov rax, rsi
test rax, rsi
imul rax, rsi
mov rax, r8
test rax, r8
imul rax, r8
mov rax, r12
test rax, r12
imul rax, r12
mov rax, r13
test rax, r13
imul rax, r13
add rax, r14
or rax, r14
and rax, r14
sub rax, r14
xor rax, r14
cmp rax, r14
cmovb rax, r14
cmovae rax, r14
cmove rax, r14
cmovne rax, r14
cmovbe rax, r14
cmova rax, r14
cmovs rax, r14
cmovns rax, r14
cmovl rax, r14
cmovge rax, r14
cmovle rax, r14
cmovg rax, r14
mov rcx, rax
test rcx, rax
imul rcx, rax
mov rcx, rcx
test rcx, rcx
imul rcx, rcx
mov rcx, rdi
test rcx, rdi
imul rcx, rdi
mov rcx, rsi
test rcx, rsi
imul rcx, rsi
mov rcx, r8
test rcx, r8
imul rcx, r8
mov rcx, r12
test rcx, r12
imul rcx, r12
mov rcx, r13
test rcx, r13
imul rcx, r13
add rcx, r14
or rcx, r14
and rcx, r14
sub rcx, r14
xor rcx, r14
cmp rcx, r14
cmovb rcx, r14
cmovae rcx, r14
cmove rcx, r14
cmovne rcx, r14
cmovbe rcx, r14
cmova rcx, r14
cmovs rcx, r14
cmovns rcx, r14
cmovl rcx, r14
cmovge rcx, r14
cmovle rcx, r14
cmovg rcx, r14
mov rdi, rax
test rdi, rax
imul rdi, rax
mov rdi, rcx
test rdi, rcx
imul rdi, rcx
mov rdi, rdi
test rdi, rdi
imul rdi, rdi
mov rdi, rsi
test rdi, rsi
imul rdi, rsi
mov rdi, r8
test rdi, r8
imul rdi, r8
mov rdi, r12
test rdi, r12
imul rdi, r12
mov rdi, r13
test rdi, r13
imul rdi, r13
add rdi, r14
or rdi, r14
and rdi, r14
sub rdi, r14
xor rdi, r14
cmp rdi, r14
cmovb rdi, r14
cmovae rdi, r14
cmove rdi, r14
cmovne rdi, r14
cmovbe rdi, r14
cmova rdi, r14
cmovs rdi, r14
cmovns rdi, r14
cmovl rdi, r14
cmovge rdi, r14
cmovle rdi, r14
cmovg rdi, r14
mov rsi, rax
test rsi, rax
imul rsi, rax
mov rsi, rcx
test rsi, rcx
imul rsi, rcx
mov rsi, rdi
test rsi, rdi
imul rsi, rdi
mov rsi, rsi
test rsi, rsi
imul rsi, rsi
mov rsi, r8
test rsi, r8
imul rsi, r8
mov rsi, r12
test rsi, r12
imul rsi, r12
mov rsi, r13
test rsi, r13
imul rsi, r13
add rsi, r14
or rsi, r14
and rsi, r14
sub rsi, r14
xor rsi, r14
cmp rsi, r14
cmovb rsi, r14
cmovae rsi, r14
cmove rsi, r14
cmovne rsi, r14
cmovbe rsi, r14
cmova rsi, r14
cmovs rsi, r14
cmovns rsi, r14
cmovl rsi, r14
cmovge rsi, r14
cmovle rsi, r14
cmovg rsi, r14
mov r8, rax
test r8, rax
imul r8, rax
mov r8, rcx
test r8, rcx
imul r8, rcx
mov r8, rdi
test r8, rdi
imul r8, rdi
mov r8, rsi
test r8, rsi
imul r8, rsi
mov r8, r8
test r8, r8
imul r8, r8
mov r8, r12
test r8, r12
imul r8, r12
mov r8, r13
test r8, r13
imul r8, r13
add r8, r14
or r8, r14
and r8, r14
sub r8, r14
xor r8, r14
cmp r8, r14
cmovb r8, r14
cmovae r8, r14
cmove r8, r14
cmovne r8, r14
cmovbe r8, r14
cmova r8, r14
cmovs r8, r14
cmovns r8, r14
cmovl r8, r14
cmovge r8, r14
cmovle r8, r14
cmovg r8, r14
mov r12, rax
test r12, rax
imul r12, rax
mov r12, rcx
test r12, rcx
imul r12, rcx
mov r12, rdi
test r12, rdi
imul r12, rdi
mov r12, rsi
test r12, rsi
imul r12, rsi
mov r12, r8
test r12, r8
imul r12, r8
mov r12, r12
test r12, r12
imul r12, r12
mov r12, r13
test r12, r13
imul r12, r13
add r12, r14
or r12, r14
and r12, r14
sub r12, r14
xor r12, r14
cmp r12, r14
cmovb r12, r14
cmovae r12, r14
cmove r12, r14
cmovne r12, r14
cmovbe r12, r14
cmova r12, r14
cmovs r12, r14
cmovns r12, r14
cmovl r12, r14
cmovge r12, r14
cmovle r12, r14
cmovg r12, r14
mov r13, rax
test r13, rax
imul r13, rax
mov r13, rcx
test r13, rcx
imul r13, rcx
mov r13, rdi
test r13, rdi
imul r13, rdi
mov r13, rsi
test r13, rsi
imul r13, rsi
mov r13, r8
test r13, r8
imul r13, r8
mov r13, r12
test r13, r12
imul r13, r12
mov r13, r13
test r13, r13
imul r13, r13
add r13, rdx
or r13, rdx
and r13, rdx
sub r13, rdx
xor r13, rdx
cmp r13, rdx
cmovb r13, rdx
cmovae r13, rdx
cmove r13, rdx
cmovne r13, rdx
cmovbe r13, rdx
cmova r13, rdx
cmovs r13, rdx
cmovns r13, rdx
cmovl r13, rdx
cmovge r13, rdx
cmovle r13, rdx
cmovg r13, rdx
not eax
neg eax
mul eax
div eax
idiv eax
inc eax
dec eax
bswap eax
not ecx
neg ecx
mul ecx
div ecx
idiv ecx
inc ecx
dec ecx
bswap ecx
not edi
neg edi
mul edi
div edi
idiv edi
inc edi
dec edi
bswap edi
not esi
neg esi
mul esi
div esi
idiv esi
inc esi
dec esi
bswap esi
not r8d
neg r8d
mul r8d
div r8d
idiv r8d
inc r8d
dec r8d
bswap r8d
not r12d
neg r12d
mul r12d
div r12d
idiv r12d
inc r12d
dec r12d
bswap r12d
not r13d
neg r13d
mul r13d
div r13d
idiv r13d
inc r13d
dec r13d
bswap r13d
cdq
not rax
neg rax
mul rax
div rax
idiv rax
inc rax
dec rax
bswap rax
not rcx
neg rcx
mul rcx
div rcx
idiv rcx
inc rcx
dec rcx
bswap rcx
not rdi
neg rdi
mul rdi
div rdi
idiv rdi
inc rdi
dec rdi
bswap rdi
not rsi
neg rsi
mul rsi
div rsi
idiv rsi
inc rsi
dec rsi
bswap rsi
not r8
neg r8
mul r8
div r8
idiv r8
inc r8
dec r8
bswap r8
not r12
neg r12
mul r12
div r12
idiv r12
inc r12
dec r12
bswap r12
not r13
neg r13
mul r13
div r13
idiv r13
inc r13
dec r13
bswap r13
cqo
push rax
pop rax
jmp rax
call rax
push rcx
pop rcx
jmp rcx
call rcx
push rdi
pop rdi
jmp rdi
call rdi
push rsi
pop rsi
jmp rsi
call rsi
push r8
pop r8
jmp r8
call r8
push r12
pop r12
jmp r12
call r12
push r13
pop r13
jmp r13
call r13
push rbp
mov rbp, rsp
ret
movzx eax, al
movzx eax, ax
movsx eax, al
movsx rax, al
movsx eax, ax
movsx rax, ax
movsxd rax, eax
movzx eax, bl
movzx eax, bx
movsx eax, bl
movsx rax, bl
movsx eax, bx
movsx rax, bx
movsxd rax, ebx
movzx eax, sil
movzx eax, si
movsx eax, sil
movsx rax, sil
movsx eax, si
movsx rax, si
movsxd rax, esi
movzx eax, r12b
movzx eax, r12w
movsx eax, r12b
movsx rax, r12b
movsx eax, r12w
movsx rax, r12w
movsxd rax, r12d
movzx eax, ah
movzx eax, bh
movzx ecx, al
movzx ecx, ax
movsx ecx, al
movsx rcx, al
movsx ecx, ax
movsx rcx, ax
movsxd rcx, eax
movzx ecx, bl
movzx ecx, bx
movsx ecx, bl
movsx rcx, bl
movsx ecx, bx
movsx rcx, bx
movsxd rcx, ebx
movzx ecx, sil
movzx ecx, si
movsx ecx, sil
movsx rcx, sil
movsx ecx, si
movsx rcx, si
movsxd rcx, esi
movzx ecx, r12b
movzx ecx, r12w
movsx ecx, r12b
movsx rcx, r12b
movsx ecx, r12w
movsx rcx, r12w
movsxd rcx, r12d
movzx ecx, ah
movzx ecx, bh
movzx edi, al
movzx edi, ax
movsx edi, al
movsx rdi, al
movsx edi, ax
movsx rdi, ax
movsxd rdi, eax
movzx edi, bl
movzx edi, bx
movsx edi, bl
movsx rdi, bl
movsx edi, bx
movsx rdi, bx
movsxd rdi, ebx
movzx edi, sil
movzx edi, si
movsx edi, sil
movsx rdi, sil
movsx edi, si
movsx rdi, si
movsxd rdi, esi
movzx edi, r12b
movzx edi, r12w
movsx edi, r12b
movsx rdi, r12b
movsx edi, r12w
movsx rdi, r12w
movsxd rdi, r12d
movzx edi, ah
movzx edi, bh
movzx esi, al
movzx esi, ax
movsx esi, al
movsx rsi, al
movsx esi, ax
movsx rsi, ax
movsxd rsi, eax
movzx esi, bl
movzx esi, bx
movsx esi, bl
movsx rsi, bl
movsx esi, bx
movsx rsi, bx
movsxd rsi, ebx
movzx esi, sil
movzx esi, si
movsx esi, sil
movsx rsi, sil
movsx esi, si
movsx rsi, si
movsxd rsi, esi
movzx esi, r12b
movzx esi, r12w
movsx esi, r12b
movsx rsi, r12b
movsx esi, r12w
movsx rsi, r12w
movsxd rsi, r12d
movzx esi, ah
movzx esi, bh
movzx r8d, al
movzx r8d, ax
movsx r8d, al
movsx r8, al
movsx r8d, ax
movsx r8, ax
movsxd r8, eax
movzx r8d, bl
movzx r8d, bx
movsx r8d, bl
movsx r8, bl
movsx r8d, bx
movsx r8, bx
movsxd r8, ebx
movzx r8d, sil
movzx r8d, si
movsx r8d, sil
movsx r8, sil
movsx r8d, si
movsx r8, si
movsxd r8, esi
movzx r8d, r12b
movzx r8d, r12w
movsx r8d, r12b
movsx r8, r12b
movsx r8d, r12w
movsx r8, r12w
movsxd r8, r12d
movzx r12d, al
movzx r12d, ax
movsx r12d, al
movsx r12, al
movsx r12d, ax
movsx r12, ax
movsxd r12, eax
movzx r12d, bl
movzx r12d, bx
movsx r12d, bl
movsx r12, bl
movsx r12d, bx
movsx r12, bx
movsxd r12, ebx
movzx r12d, sil
movzx r12d, si
movsx r12d, sil
movsx r12, sil
movsx r12d, si
movsx r12, si
movsxd r12, esi
movzx r12d, r12b
movzx r12d, r12w
movsx r12d, r12b
movsx r12, r12b
movsx r12d, r12w
movsx r12, r12w
movsxd r12, r12d
movzx r13d, al
movzx r13d, ax
movsx r13d, al
movsx r13, al
movsx r13d, ax
movsx r13, ax
movsxd r13, eax
movzx r13d, bl
movzx r13d, bx
movsx r13d, bl
movsx r13, bl
movsx r13d, bx
movsx r13, bx
movsxd r13, ebx
movzx r13d, sil
movzx r13d, si
movsx r13d, sil
movsx r13, sil
movsx r13d, si
movsx r13, si
movsxd r13, esi
movzx r13d, r12b
movzx r13d, r12w
movsx r13d, r12b
movsx r13, r12b
movsx r13d, r12w
movsx r13, r12w
movsxd r13, r12d
mov eax, 2882400001
mov rax, -2
movabs rax, 81985529216486895
test al, 1
test al, 127
test al, 128
test al, 255
or eax, 1
test eax, 1
imul eax, r11d, 1
or rax, 1
test rax, 1
imul rax, r11, 1
sub eax, -1
test eax, -1
imul eax, r11d, -1
sub rax, -1
test rax, -1
imul rax, r11, -1
or eax, 127
test eax, 127
imul eax, r11d, 127
or rax, 127
test rax, 127
imul rax, r11, 127
and eax, -128
test eax, -128
imul eax, r11d, -128
and rax, -128
test rax, -128
imul rax, r11, -128
and eax, 128
test eax, 128
imul eax, r11d, 128
and rax, 128
test rax, 128
imul rax, r11, 128
or eax, -129
test eax, -129
imul eax, r11d, -129
or rax, -129
test rax, -129
imul rax, r11, -129
add eax, 305419896
test eax, 305419896
imul eax, r11d, 305419896
add rax, 305419896
test rax, 305419896
imul rax, r11, 305419896
add eax, -2147483648
test eax, -2147483648
imul eax, r11d, -2147483648
add rax, -2147483648
test rax, -2147483648
imul rax, r11, -2147483648
mov ecx, 2882400001
mov rcx, -2
movabs rcx, 81985529216486895
test cl, 1
test cl, 127
test cl, 128
test cl, 255
and ecx, 1
test ecx, 1
imul ecx, r11d, 1
and rcx, 1
test rcx, 1
imul rcx, r11, 1
xor ecx, -1
test ecx, -1
imul ecx, r11d, -1
xor rcx, -1
test rcx, -1
imul rcx, r11, -1
and ecx, 127
test ecx, 127
imul ecx, r11d, 127
and rcx, 127
test rcx, 127
imul rcx, r11, 127
sub ecx, -128
test ecx, -128
imul ecx, r11d, -128
sub rcx, -128
test rcx, -128
imul rcx, r11, -128
sub ecx, 128
test ecx, 128
imul ecx, r11d, 128
sub rcx, 128
test rcx, 128
imul rcx, r11, 128
and ecx, -129
test ecx, -129
imul ecx, r11d, -129
and rcx, -129
test rcx, -129
imul rcx, r11, -129
or ecx, 305419896
test ecx, 305419896
imul ecx, r11d, 305419896
or rcx, 305419896
test rcx, 305419896
imul rcx, r11, 305419896
or ecx, -2147483648
test ecx, -2147483648
imul ecx, r11d, -2147483648
or rcx, -2147483648
test rcx, -2147483648
imul rcx, r11, -2147483648
mov edi, 2882400001
mov rdi, -2
movabs rdi, 81985529216486895
test dil, 1
test dil, 127
test dil, 128
test dil, 255
and edi, 1
test edi, 1
imul edi, r11d, 1
and rdi, 1
test rdi, 1
imul rdi, r11, 1
xor edi, -1
test edi, -1
imul edi, r11d, -1
xor rdi, -1
test rdi, -1
imul rdi, r11, -1
and edi, 127
test edi, 127
imul edi, r11d, 127
and rdi, 127
test rdi, 127
imul rdi, r11, 127
sub edi, -128
test edi, -128
imul edi, r11d, -128
sub rdi, -128
test rdi, -128
imul rdi, r11, -128
sub edi, 128
test edi, 128
imul edi, r11d, 128
sub rdi, 128
test rdi, 128
imul rdi, r11, 128
and edi, -129
test edi, -129
imul edi, r11d, -129
and rdi, -129
test rdi, -129
imul rdi, r11, -129
or edi, 305419896
test edi, 305419896
imul edi, r11d, 305419896
or rdi, 305419896
test rdi, 305419896
imul rdi, r11, 305419896
or edi, -2147483648
test edi, -2147483648
imul edi, r11d, -2147483648
or rdi, -2147483648
test rdi, -2147483648
imul rdi, r11, -2147483648
mov esi, 2882400001
mov rsi, -2
movabs rsi, 81985529216486895
test sil, 1
test sil, 127
test sil, 128
test sil, 255
or esi, 1
test esi, 1
imul esi, r11d, 1
or rsi, 1
test rsi, 1
imul rsi, r11, 1
sub esi, -1
test esi, -1
imul esi, r11d, -1
sub rsi, -1
test rsi, -1
imul rsi, r11, -1
or esi, 127
test esi, 127
imul esi, r11d, 127
or rsi, 127
test rsi, 127
imul rsi, r11, 127
and esi, -128
test esi, -128
imul esi, r11d, -128
and rsi, -128
test rsi, -128
imul rsi, r11, -128
and esi, 128
test esi, 128
imul esi, r11d, 128
and rsi, 128
test rsi, 128
imul rsi, r11, 128
or esi, -129
test esi, -129
imul esi, r11d, -129
or rsi, -129
test rsi, -129
imul rsi, r11, -129
add esi, 305419896
test esi, 305419896
imul esi, r11d, 305419896
add rsi, 305419896
test rsi, 305419896
imul rsi, r11, 305419896
add esi, -2147483648
test esi, -2147483648
imul esi, r11d, -2147483648
add rsi, -2147483648
test rsi, -2147483648
imul rsi, r11, -2147483648
mov r8d, 2882400001
mov r8, -2
movabs r8, 81985529216486895
test r8b, 1
test r8b, 127
test r8b, 128
test r8b, 255
sub r8d, 1
test r8d, 1
imul r8d, r11d, 1
sub r8, 1
test r8, 1
imul r8, r11, 1
cmp r8d, -1
test r8d, -1
imul r8d, r11d, -1
cmp r8, -1
test r8, -1
imul r8, r11, -1
sub r8d, 127
test r8d, 127
imul r8d, r11d, 127
sub r8, 127
test r8, 127
imul r8, r11, 127
xor r8d, -128
test r8d, -128
imul r8d, r11d, -128
xor r8, -128
test r8, -128
imul r8, r11, -128
xor r8d, 128
test r8d, 128
imul r8d, r11d, 128
xor r8, 128
test r8, 128
imul r8, r11, 128
sub r8d, -129
test r8d, -129
imul r8d, r11d, -129
sub r8, -129
test r8, -129
imul r8, r11, -129
and r8d, 305419896
test r8d, 305419896
imul r8d, r11d, 305419896
and r8, 305419896
test r8, 305419896
imul r8, r11, 305419896
and r8d, -2147483648
test r8d, -2147483648
imul r8d, r11d, -2147483648
and r8, -2147483648
test r8, -2147483648
imul r8, r11, -2147483648
mov r12d, 2882400001
mov r12, -2
movabs r12, 81985529216486895
test r12b, 1
test r12b, 127
test r12b, 128
test r12b, 255
or r12d, 1
test r12d, 1
imul r12d, r11d, 1
or r12, 1
test r12, 1
imul r12, r11, 1
sub r12d, -1
test r12d, -1
imul r12d, r11d, -1
sub r12, -1
test r12, -1
imul r12, r11, -1
or r12d, 127
test r12d, 127
imul r12d, r11d, 127
or r12, 127
test r12, 127
imul r12, r11, 127
and r12d, -128
test r12d, -128
imul r12d, r11d, -128
and r12, -128
test r12, -128
imul r12, r11, -128
and r12d, 128
test r12d, 128
imul r12d, r11d, 128
and r12, 128
test r12, 128
imul r12, r11, 128
or r12d, -129
test r12d, -129
imul r12d, r11d, -129
or r12, -129
test r12, -129
imul r12, r11, -129
add r12d, 305419896
test r12d, 305419896
imul r12d, r11d, 305419896
add r12, 305419896
test r12, 305419896
imul r12, r11, 305419896
add r12d, -2147483648
test r12d, -2147483648
imul r12d, r11d, -2147483648
add r12, -2147483648
test r12, -2147483648
imul r12, r11, -2147483648
mov r13d, 2882400001
mov r13, -2
movabs r13, 81985529216486895
test r13b, 1
test r13b, 127
test r13b, 128
test r13b, 255
and r13d, 1
test r13d, 1
imul r13d, r11d, 1
and r13, 1
test r13, 1
imul r13, r11, 1
xor r13d, -1
test r13d, -1
imul r13d, r11d, -1
xor r13, -1
test r13, -1
imul r13, r11, -1
and r13d, 127
test r13d, 127
imul r13d, r11d, 127
and r13, 127
test r13, 127
imul r13, r11, 127
sub r13d, -128
test r13d, -128
imul r13d, r11d, -128
sub r13, -128
test r13, -128
imul r13, r11, -128
sub r13d, 128
test r13d, 128
imul r13d, r11d, 128
sub r13, 128
test r13, 128
imul r13, r11, 128
and r13d, -129
test r13d, -129
imul r13d, r11d, -129
and r13, -129
test r13, -129
imul r13, r11, -129
or r13d, 305419896
test r13d, 305419896
imul r13d, r11d, 305419896
or r13, 305419896
test r13, 305419896
imul r13, r11, 305419896
or r13d, -2147483648
test r13d, -2147483648
imul r13d, r11d, -2147483648
or r13, -2147483648
test r13, -2147483648
imul r13, r11, -2147483648
rol eax, 1
rol eax, 2
rol eax, 31
rol eax, cl
rol esi, 1
rol esi, 2
rol esi, 31
rol esi, cl
rol r12d, 1
rol r12d, 2
rol r12d, 31
rol r12d, cl
rol rax, 1
rol rax, 2
rol rax, 31
rol rax, cl
rol rsi, 1
rol rsi, 2
rol rsi, 31
rol rsi, cl
rol r12, 1
rol r12, 2
rol r12, 31
rol r12, cl
shl eax, 1
shl eax, 2
shl eax, 31
shl eax, cl
shl esi, 1
shl esi, 2
shl esi, 31
shl esi, cl
shl r12d, 1
shl r12d, 2
shl r12d, 31
shl r12d, cl
shl rax, 1
shl rax, 2
shl rax, 31
shl rax, cl
shl rsi, 1
shl rsi, 2
shl rsi, 31
shl rsi, cl
shl r12, 1
shl r12, 2
shl r12, 31
shl r12, cl
shr eax, 1
shr eax, 2
shr eax, 31
shr eax, cl
shr esi, 1
shr esi, 2
shr esi, 31
shr esi, cl
shr r12d, 1
shr r12d, 2
shr r12d, 31
shr r12d, cl
shr rax, 1
shr rax, 2
shr rax, 31
shr rax, cl
shr rsi, 1
shr rsi, 2
shr rsi, 31
shr rsi, cl
shr r12, 1
shr r12, 2
shr r12, 31
shr r12, cl
sar eax, 1
sar eax, 2
sar eax, 31
sar eax, cl
sar esi, 1
sar esi, 2
sar esi, 31
sar esi, cl
sar r12d, 1
sar r12d, 2
sar r12d, 31
sar r12d, cl
sar rax, 1
sar rax, 2
sar rax, 31
sar rax, cl
sar rsi, 1
sar rsi, 2
sar rsi, 31
sar rsi, cl
sar r12, 1
sar r12, 2
sar r12, 31
sar r12, cl
rol di, 8
rol r14w, 8
shlx eax, ebx, ecx
shrx eax, ebx, ecx
sarx eax, ebx, ecx
mulx eax, ebx, ecx
shlx eax, ebx, r13d
shrx eax, ebx, r13d
sarx eax, ebx, r13d
mulx eax, ebx, r13d
rorx eax, ebx, 17
shlx eax, r8d, ecx
shrx eax, r8d, ecx
sarx eax, r8d, ecx
mulx eax, r8d, ecx
shlx eax, r8d, r13d
shrx eax, r8d, r13d
sarx eax, r8d, r13d
mulx eax, r8d, r13d
rorx eax, r8d, 17
shlx edi, ebx, ecx
shrx edi, ebx, ecx
sarx edi, ebx, ecx
mulx edi, ebx, ecx
shlx edi, ebx, r13d
shrx edi, ebx, r13d
sarx edi, ebx, r13d
mulx edi, ebx, r13d
rorx edi, ebx, 17
shlx edi, r8d, ecx
shrx edi, r8d, ecx
sarx edi, r8d, ecx
mulx edi, r8d, ecx
shlx edi, r8d, r13d
shrx edi, r8d, r13d
sarx edi, r8d, r13d
mulx edi, r8d, r13d
rorx edi, r8d, 17
shlx r14d, ebx, ecx
shrx r14d, ebx, ecx
sarx r14d, ebx, ecx
mulx r14d, ebx, ecx
shlx r14d, ebx, r13d
shrx r14d, ebx, r13d
sarx r14d, ebx, r13d
mulx r14d, ebx, r13d
rorx r14d, ebx, 17
shlx r14d, r8d, ecx
shrx r14d, r8d, ecx
sarx r14d, r8d, ecx
mulx r14d, r8d, ecx
shlx r14d, r8d, r13d
shrx r14d, r8d, r13d
sarx r14d, r8d, r13d
mulx r14d, r8d, r13d
rorx r14d, r8d, 17
shlx rax, rbx, rcx
shrx rax, rbx, rcx
sarx rax, rbx, rcx
mulx rax, rbx, rcx
shlx rax, rbx, r13
shrx rax, rbx, r13
sarx rax, rbx, r13
mulx rax, rbx, r13
rorx rax, rbx, 17
shlx rax, r8, rcx
shrx rax, r8, rcx
sarx rax, r8, rcx
mulx rax, r8, rcx
shlx rax, r8, r13
shrx rax, r8, r13
sarx rax, r8, r13
mulx rax, r8, r13
rorx rax, r8, 17
shlx rdi, rbx, rcx
shrx rdi, rbx, rcx
sarx rdi, rbx, rcx
mulx rdi, rbx, rcx
shlx rdi, rbx, r13
shrx rdi, rbx, r13
sarx rdi, rbx, r13
mulx rdi, rbx, r13
rorx rdi, rbx, 17
shlx rdi, r8, rcx
shrx rdi, r8, rcx
sarx rdi, r8, rcx
mulx rdi, r8, rcx
shlx rdi, r8, r13
shrx rdi, r8, r13
sarx rdi, r8, r13
mulx rdi, r8, r13
rorx rdi, r8, 17
shlx r14, rbx, rcx
shrx r14, rbx, rcx
sarx r14, rbx, rcx
mulx r14, rbx, rcx
shlx r14, rbx, r13
shrx r14, rbx, r13
sarx r14, rbx, r13
mulx r14, rbx, r13
rorx r14, rbx, 17
shlx r14, r8, rcx
shrx r14, r8, rcx
sarx r14, r8, rcx
mulx r14, r8, rcx
shlx r14, r8, r13
shrx r14, r8, r13
sarx r14, r8, r13
mulx r14, r8, r13
rorx r14, r8, 17
movzx eax, byte ptr [rax]
movzx eax, word ptr [rax]
movsxd rax, dword ptr [rax]
mov byte ptr [rax], al
mov word ptr [rax], ax
lea eax, [rax]
mov eax, dword ptr [rax]
mov dword ptr [rax], eax
movbe eax, dword ptr [rax]
movsx eax, byte ptr [rax]
movsx eax, word ptr [rax]
imul eax, dword ptr [rax]
or eax, dword ptr [rax]
or dword ptr [rax], eax
lea rax, [rax]
mov rax, qword ptr [rax]
mov qword ptr [rax], rax
movbe rax, qword ptr [rax]
movsx rax, byte ptr [rax]
movsx rax, word ptr [rax]
imul rax, qword ptr [rax]
or rax, qword ptr [rax]
or qword ptr [rax], rax
movzx esi, byte ptr [rdi + 8]
movzx esi, word ptr [rdi + 8]
movsxd rsi, dword ptr [rdi + 8]
mov byte ptr [rdi + 8], sil
mov word ptr [rdi + 8], si
lea esi, [rdi + 8]
mov esi, dword ptr [rdi + 8]
mov dword ptr [rdi + 8], esi
movbe esi, dword ptr [rdi + 8]
movsx esi, byte ptr [rdi + 8]
movsx esi, word ptr [rdi + 8]
imul esi, dword ptr [rdi + 8]
and esi, dword ptr [rdi + 8]
and dword ptr [rdi + 8], esi
lea rsi, [rdi + 8]
mov rsi, qword ptr [rdi + 8]
mov qword ptr [rdi + 8], rsi
movbe rsi, qword ptr [rdi + 8]
movsx rsi, byte ptr [rdi + 8]
movsx rsi, word ptr [rdi + 8]
imul rsi, qword ptr [rdi + 8]
and rsi, qword ptr [rdi + 8]
and qword ptr [rdi + 8], rsi
movzx r9d, byte ptr [r12]
movzx r9d, word ptr [r12]
movsxd r9, dword ptr [r12]
mov byte ptr [r12], r9b
mov word ptr [r12], r9w
lea r9d, [r12]
mov r9d, dword ptr [r12]
mov dword ptr [r12], r9d
movbe r9d, dword ptr [r12]
movsx r9d, byte ptr [r12]
movsx r9d, word ptr [r12]
imul r9d, dword ptr [r12]
sub r9d, dword ptr [r12]
sub dword ptr [r12], r9d
lea r9, [r12]
mov r9, qword ptr [r12]
mov qword ptr [r12], r9
movbe r9, qword ptr [r12]
movsx r9, byte ptr [r12]
movsx r9, word ptr [r12]
imul r9, qword ptr [r12]
sub r9, qword ptr [r12]
sub qword ptr [r12], r9
movzx eax, byte ptr [r12 + 16]
movzx eax, word ptr [r12 + 16]
movsxd rax, dword ptr [r12 + 16]
mov byte ptr [r12 + 16], al
mov word ptr [r12 + 16], ax
lea eax, [r12 + 16]
mov eax, dword ptr [r12 + 16]
mov dword ptr [r12 + 16], eax
movbe eax, dword ptr [r12 + 16]
movsx eax, byte ptr [r12 + 16]
movsx eax, word ptr [r12 + 16]
imul eax, dword ptr [r12 + 16]
xor eax, dword ptr [r12 + 16]
xor dword ptr [r12 + 16], eax
lea rax, [r12 + 16]
mov rax, qword ptr [r12 + 16]
mov qword ptr [r12 + 16], rax
movbe rax, qword ptr [r12 + 16]
movsx rax, byte ptr [r12 + 16]
movsx rax, word ptr [r12 + 16]
imul rax, qword ptr [r12 + 16]
xor rax, qword ptr [r12 + 16]
xor qword ptr [r12 + 16], rax
movzx esi, byte ptr [r13]
movzx esi, word ptr [r13]
movsxd rsi, dword ptr [r13]
mov byte ptr [r13], sil
mov word ptr [r13], si
lea esi, [r13]
mov esi, dword ptr [r13]
mov dword ptr [r13], esi
movbe esi, dword ptr [r13]
movsx esi, byte ptr [r13]
movsx esi, word ptr [r13]
imul esi, dword ptr [r13]
cmp esi, dword ptr [r13]
cmp dword ptr [r13], esi
lea rsi, [r13]
mov rsi, qword ptr [r13]
mov qword ptr [r13], rsi
movbe rsi, qword ptr [r13]
movsx rsi, byte ptr [r13]
movsx rsi, word ptr [r13]
imul rsi, qword ptr [r13]
cmp rsi, qword ptr [r13]
cmp qword ptr [r13], rsi
movzx r9d, byte ptr [r13 - 512]
movzx r9d, word ptr [r13 - 512]
movsxd r9, dword ptr [r13 - 512]
mov byte ptr [r13 - 512], r9b
mov word ptr [r13 - 512], r9w
lea r9d, [r13 - 512]
mov r9d, dword ptr [r13 - 512]
mov dword ptr [r13 - 512], r9d
movbe r9d, dword ptr [r13 - 512]
movsx r9d, byte ptr [r13 - 512]
movsx r9d, word ptr [r13 - 512]
imul r9d, dword ptr [r13 - 512]
add r9d, dword ptr [r13 - 512]
add dword ptr [r13 - 512], r9d
lea r9, [r13 - 512]
mov r9, qword ptr [r13 - 512]
mov qword ptr [r13 - 512], r9
movbe r9, qword ptr [r13 - 512]
movsx r9, byte ptr [r13 - 512]
movsx r9, word ptr [r13 - 512]
imul r9, qword ptr [r13 - 512]
add r9, qword ptr [r13 - 512]
add qword ptr [r13 - 512], r9
movzx eax, byte ptr [rbx - 128]
movzx eax, word ptr [rbx - 128]
movsxd rax, dword ptr [rbx - 128]
mov byte ptr [rbx - 128], al
mov word ptr [rbx - 128], ax
lea eax, [rbx - 128]
mov eax, dword ptr [rbx - 128]
mov dword ptr [rbx - 128], eax
movbe eax, dword ptr [rbx - 128]
movsx eax, byte ptr [rbx - 128]
movsx eax, word ptr [rbx - 128]
imul eax, dword ptr [rbx - 128]
or eax, dword ptr [rbx - 128]
or dword ptr [rbx - 128], eax
lea rax, [rbx - 128]
mov rax, qword ptr [rbx - 128]
mov qword ptr [rbx - 128], rax
movbe rax, qword ptr [rbx - 128]
movsx rax, byte ptr [rbx - 128]
movsx rax, word ptr [rbx - 128]
imul rax, qword ptr [rbx - 128]
or rax, qword ptr [rbx - 128]
or qword ptr [rbx - 128], rax
movzx esi, byte ptr [r15 + 127]
movzx esi, word ptr [r15 + 127]
movsxd rsi, dword ptr [r15 + 127]
mov byte ptr [r15 + 127], sil
mov word ptr [r15 + 127], si
lea esi, [r15 + 127]
mov esi, dword ptr [r15 + 127]
mov dword ptr [r15 + 127], esi
movbe esi, dword ptr [r15 + 127]
movsx esi, byte ptr [r15 + 127]
movsx esi, word ptr [r15 + 127]
imul esi, dword ptr [r15 + 127]
and esi, dword ptr [r15 + 127]
and dword ptr [r15 + 127], esi
lea rsi, [r15 + 127]
mov rsi, qword ptr [r15 + 127]
mov qword ptr [r15 + 127], rsi
movbe rsi, qword ptr [r15 + 127]
movsx rsi, byte ptr [r15 + 127]
movsx rsi, word ptr [r15 + 127]
imul rsi, qword ptr [r15 + 127]
and rsi, qword ptr [r15 + 127]
and qword ptr [r15 + 127], rsi
movzx r9d, byte ptr [rsi + 128]
movzx r9d, word ptr [rsi + 128]
movsxd r9, dword ptr [rsi + 128]
mov byte ptr [rsi + 128], r9b
mov word ptr [rsi + 128], r9w
lea r9d, [rsi + 128]
mov r9d, dword ptr [rsi + 128]
mov dword ptr [rsi + 128], r9d
movbe r9d, dword ptr [rsi + 128]
movsx r9d, byte ptr [rsi + 128]
movsx r9d, word ptr [rsi + 128]
imul r9d, dword ptr [rsi + 128]
sub r9d, dword ptr [rsi + 128]
sub dword ptr [rsi + 128], r9d
lea r9, [rsi + 128]
mov r9, qword ptr [rsi + 128]
mov qword ptr [rsi + 128], r9
movbe r9, qword ptr [rsi + 128]
movsx r9, byte ptr [rsi + 128]
movsx r9, word ptr [rsi + 128]
imul r9, qword ptr [rsi + 128]
sub r9, qword ptr [rsi + 128]
sub qword ptr [rsi + 128], r9
movzx eax, byte ptr [rdi - 2147483648]
movzx eax, word ptr [rdi - 2147483648]
movsxd rax, dword ptr [rdi - 2147483648]
mov byte ptr [rdi - 2147483648], al
mov word ptr [rdi - 2147483648], ax
lea eax, [rdi - 2147483648]
mov eax, dword ptr [rdi - 2147483648]
mov dword ptr [rdi - 2147483648], eax
movbe eax, dword ptr [rdi - 2147483648]
movsx eax, byte ptr [rdi - 2147483648]
movsx eax, word ptr [rdi - 2147483648]
imul eax, dword ptr [rdi - 2147483648]
xor eax, dword ptr [rdi - 2147483648]
xor dword ptr [rdi - 2147483648], eax
lea rax, [rdi - 2147483648]
mov rax, qword ptr [rdi - 2147483648]
mov qword ptr [rdi - 2147483648], rax
movbe rax, qword ptr [rdi - 2147483648]
movsx rax, byte ptr [rdi - 2147483648]
movsx rax, word ptr [rdi - 2147483648]
imul rax, qword ptr [rdi - 2147483648]
xor rax, qword ptr [rdi - 2147483648]
xor qword ptr [rdi - 2147483648], rax
movzx esi, byte ptr [rdi + 1*rax]
movzx esi, word ptr [rdi + 1*rax]
movsxd rsi, dword ptr [rdi + 1*rax]
mov byte ptr [rdi + 1*rax], sil
mov word ptr [rdi + 1*rax], si
lea esi, [rdi + 1*rax]
mov esi, dword ptr [rdi + 1*rax]
mov dword ptr [rdi + 1*rax], esi
movbe esi, dword ptr [rdi + 1*rax]
movsx esi, byte ptr [rdi + 1*rax]
movsx esi, word ptr [rdi + 1*rax]
imul esi, dword ptr [rdi + 1*rax]
cmp esi, dword ptr [rdi + 1*rax]
cmp dword ptr [rdi + 1*rax], esi
lea rsi, [rdi + 1*rax]
mov rsi, qword ptr [rdi + 1*rax]
mov qword ptr [rdi + 1*rax], rsi
movbe rsi, qword ptr [rdi + 1*rax]
movsx rsi, byte ptr [rdi + 1*rax]
movsx rsi, word ptr [rdi + 1*rax]
imul rsi, qword ptr [rdi + 1*rax]
cmp rsi, qword ptr [rdi + 1*rax]
cmp qword ptr [rdi + 1*rax], rsi
movzx r9d, byte ptr [r9 + 8*r12]
movzx r9d, word ptr [r9 + 8*r12]
movsxd r9, dword ptr [r9 + 8*r12]
mov byte ptr [r9 + 8*r12], r9b
mov word ptr [r9 + 8*r12], r9w
lea r9d, [r9 + 8*r12]
mov r9d, dword ptr [r9 + 8*r12]
mov dword ptr [r9 + 8*r12], r9d
movbe r9d, dword ptr [r9 + 8*r12]
movsx r9d, byte ptr [r9 + 8*r12]
movsx r9d, word ptr [r9 + 8*r12]
imul r9d, dword ptr [r9 + 8*r12]
add r9d, dword ptr [r9 + 8*r12]
add dword ptr [r9 + 8*r12], r9d
lea r9, [r9 + 8*r12]
mov r9, qword ptr [r9 + 8*r12]
mov qword ptr [r9 + 8*r12], r9
movbe r9, qword ptr [r9 + 8*r12]
movsx r9, byte ptr [r9 + 8*r12]
movsx r9, word ptr [r9 + 8*r12]
imul r9, qword ptr [r9 + 8*r12]
add r9, qword ptr [r9 + 8*r12]
add qword ptr [r9 + 8*r12], r9
movzx eax, byte ptr [r13 + 4*rcx]
movzx eax, word ptr [r13 + 4*rcx]
movsxd rax, dword ptr [r13 + 4*rcx]
mov byte ptr [r13 + 4*rcx], al
mov word ptr [r13 + 4*rcx], ax
lea eax, [r13 + 4*rcx]
mov eax, dword ptr [r13 + 4*rcx]
mov dword ptr [r13 + 4*rcx], eax
movbe eax, dword ptr [r13 + 4*rcx]
movsx eax, byte ptr [r13 + 4*rcx]
movsx eax, word ptr [r13 + 4*rcx]
imul eax, dword ptr [r13 + 4*rcx]
or eax, dword ptr [r13 + 4*rcx]
or dword ptr [r13 + 4*rcx], eax
lea rax, [r13 + 4*rcx]
mov rax, qword ptr [r13 + 4*rcx]
mov qword ptr [r13 + 4*rcx], rax
movbe rax, qword ptr [r13 + 4*rcx]
movsx rax, byte ptr [r13 + 4*rcx]
movsx rax, word ptr [r13 + 4*rcx]
imul rax, qword ptr [r13 + 4*rcx]
or rax, qword ptr [r13 + 4*rcx]
or qword ptr [r13 + 4*rcx], rax
movzx esi, byte ptr [rax + 2*r13 - 129]
movzx esi, word ptr [rax + 2*r13 - 129]
movsxd rsi, dword ptr [rax + 2*r13 - 129]
mov byte ptr [rax + 2*r13 - 129], sil
mov word ptr [rax + 2*r13 - 129], si
lea esi, [rax + 2*r13 - 129]
mov esi, dword ptr [rax + 2*r13 - 129]
mov dword ptr [rax + 2*r13 - 129], esi
movbe esi, dword ptr [rax + 2*r13 - 129]
movsx esi, byte ptr [rax + 2*r13 - 129]
movsx esi, word ptr [rax + 2*r13 - 129]
imul esi, dword ptr [rax + 2*r13 - 129]
and esi, dword ptr [rax + 2*r13 - 129]
and dword ptr [rax + 2*r13 - 129], esi
lea rsi, [rax + 2*r13 - 129]
mov rsi, qword ptr [rax + 2*r13 - 129]
mov qword ptr [rax + 2*r13 - 129], rsi
movbe rsi, qword ptr [rax + 2*r13 - 129]
movsx rsi, byte ptr [rax + 2*r13 - 129]
movsx rsi, word ptr [rax + 2*r13 - 129]
imul rsi, qword ptr [rax + 2*r13 - 129]
and rsi, qword ptr [rax + 2*r13 - 129]
and qword ptr [rax + 2*r13 - 129], rsi
movzx r9d, byte ptr [r12 + 8*r8 + 2147483647]
movzx r9d, word ptr [r12 + 8*r8 + 2147483647]
movsxd r9, dword ptr [r12 + 8*r8 + 2147483647]
mov byte ptr [r12 + 8*r8 + 2147483647], r9b
mov word ptr [r12 + 8*r8 + 2147483647], r9w
lea r9d, [r12 + 8*r8 + 2147483647]
mov r9d, dword ptr [r12 + 8*r8 + 2147483647]
mov dword ptr [r12 + 8*r8 + 2147483647], r9d
movbe r9d, dword ptr [r12 + 8*r8 + 2147483647]
movsx r9d, byte ptr [r12 + 8*r8 + 2147483647]
movsx r9d, word ptr [r12 + 8*r8 + 2147483647]
imul r9d, dword ptr [r12 + 8*r8 + 2147483647]
sub r9d, dword ptr [r12 + 8*r8 + 2147483647]
sub dword ptr [r12 + 8*r8 + 2147483647], r9d
lea r9, [r12 + 8*r8 + 2147483647]
mov r9, qword ptr [r12 + 8*r8 + 2147483647]
mov qword ptr [r12 + 8*r8 + 2147483647], r9
movbe r9, qword ptr [r12 + 8*r8 + 2147483647]
movsx r9, byte ptr [r12 + 8*r8 + 2147483647]
movsx r9, word ptr [r12 + 8*r8 + 2147483647]
imul r9, qword ptr [r12 + 8*r8 + 2147483647]
sub r9, qword ptr [r12 + 8*r8 + 2147483647]
sub qword ptr [r12 + 8*r8 + 2147483647], r9
mov byte ptr [rax], 90
mov word ptr [rax], 4660
mov dword ptr [rax], 1
add dword ptr [rax], 1
or dword ptr [rax], 1
and dword ptr [rax], 1
sub dword ptr [rax], 1
xor dword ptr [rax], 1
cmp dword ptr [rax], 1
mov qword ptr [rax], -1
add qword ptr [rax], -1
or qword ptr [rax], -1
and qword ptr [rax], -1
sub qword ptr [rax], -1
xor qword ptr [rax], -1
cmp qword ptr [rax], -1
mov byte ptr [rdi + 8], 90
mov word ptr [rdi + 8], 4660
mov dword ptr [rdi + 8], 127
add dword ptr [rdi + 8], 127
or dword ptr [rdi + 8], 127
and dword ptr [rdi + 8], 127
sub dword ptr [rdi + 8], 127
xor dword ptr [rdi + 8], 127
cmp dword ptr [rdi + 8], 127
mov qword ptr [rdi + 8], -128
add qword ptr [rdi + 8], -128
or qword ptr [rdi + 8], -128
and qword ptr [rdi + 8], -128
sub qword ptr [rdi + 8], -128
xor qword ptr [rdi + 8], -128
cmp qword ptr [rdi + 8], -128
mov byte ptr [r12], 90
mov word ptr [r12], 4660
mov dword ptr [r12], 128
add dword ptr [r12], 128
or dword ptr [r12], 128
and dword ptr [r12], 128
sub dword ptr [r12], 128
xor dword ptr [r12], 128
cmp dword ptr [r12], 128
mov qword ptr [r12], -129
add qword ptr [r12], -129
or qword ptr [r12], -129
and qword ptr [r12], -129
sub qword ptr [r12], -129
xor qword ptr [r12], -129
cmp qword ptr [r12], -129
mov byte ptr [r12 + 16], 90
mov word ptr [r12 + 16], 4660
mov dword ptr [r12 + 16], 305419896
add dword ptr [r12 + 16], 305419896
or dword ptr [r12 + 16], 305419896
and dword ptr [r12 + 16], 305419896
sub dword ptr [r12 + 16], 305419896
xor dword ptr [r12 + 16], 305419896
cmp dword ptr [r12 + 16], 305419896
mov qword ptr [r12 + 16], -2147483648
add qword ptr [r12 + 16], -2147483648
or qword ptr [r12 + 16], -2147483648
and qword ptr [r12 + 16], -2147483648
sub qword ptr [r12 + 16], -2147483648
xor qword ptr [r12 + 16], -2147483648
cmp qword ptr [r12 + 16], -2147483648
mov byte ptr [r13], 90
mov word ptr [r13], 4660
mov dword ptr [r13], 1
add dword ptr [r13], 1
or dword ptr [r13], 1
and dword ptr [r13], 1
sub dword ptr [r13], 1
xor dword ptr [r13], 1
cmp dword ptr [r13], 1
mov qword ptr [r13], -1
add qword ptr [r13], -1
or qword ptr [r13], -1
and qword ptr [r13], -1
sub qword ptr [r13], -1
xor qword ptr [r13], -1
cmp qword ptr [r13], -1
mov byte ptr [r13 - 512], 90
mov word ptr [r13 - 512], 4660
mov dword ptr [r13 - 512], 127
add dword ptr [r13 - 512], 127
or dword ptr [r13 - 512], 127
and dword ptr [r13 - 512], 127
sub dword ptr [r13 - 512], 127
xor dword ptr [r13 - 512], 127
cmp dword ptr [r13 - 512], 127
mov qword ptr [r13 - 512], -128
add qword ptr [r13 - 512], -128
or qword ptr [r13 - 512], -128
and qword ptr [r13 - 512], -128
sub qword ptr [r13 - 512], -128
xor qword ptr [r13 - 512], -128
cmp qword ptr [r13 - 512], -128
mov byte ptr [rbx - 128], 90
mov word ptr [rbx - 128], 4660
mov dword ptr [rbx - 128], 128
add dword ptr [rbx - 128], 128
or dword ptr [rbx - 128], 128
and dword ptr [rbx - 128], 128
sub dword ptr [rbx - 128], 128
xor dword ptr [rbx - 128], 128
cmp dword ptr [rbx - 128], 128
mov qword ptr [rbx - 128], -129
add qword ptr [rbx - 128], -129
or qword ptr [rbx - 128], -129
and qword ptr [rbx - 128], -129
sub qword ptr [rbx - 128], -129
xor qword ptr [rbx - 128], -129
cmp qword ptr [rbx - 128], -129
mov byte ptr [r15 + 127], 90
mov word ptr [r15 + 127], 4660
mov dword ptr [r15 + 127], 305419896
add dword ptr [r15 + 127], 305419896
or dword ptr [r15 + 127], 305419896
and dword ptr [r15 + 127], 305419896
sub dword ptr [r15 + 127], 305419896
xor dword ptr [r15 + 127], 305419896
cmp dword ptr [r15 + 127], 305419896
mov qword ptr [r15 + 127], -2147483648
add qword ptr [r15 + 127], -2147483648
or qword ptr [r15 + 127], -2147483648
and qword ptr [r15 + 127], -2147483648
sub qword ptr [r15 + 127], -2147483648
xor qword ptr [r15 + 127], -2147483648
cmp qword ptr [r15 + 127], -2147483648
mov byte ptr [rsi + 128], 90
mov word ptr [rsi + 128], 4660
mov dword ptr [rsi + 128], 1
add dword ptr [rsi + 128], 1
or dword ptr [rsi + 128], 1
and dword ptr [rsi + 128], 1
sub dword ptr [rsi + 128], 1
xor dword ptr [rsi + 128], 1
cmp dword ptr [rsi + 128], 1
mov qword ptr [rsi + 128], -1
add qword ptr [rsi + 128], -1
or qword ptr [rsi + 128], -1
and qword ptr [rsi + 128], -1
sub qword ptr [rsi + 128], -1
xor qword ptr [rsi + 128], -1
cmp qword ptr [rsi + 128], -1
mov byte ptr [rdi - 2147483648], 90
mov word ptr [rdi - 2147483648], 4660
mov dword ptr [rdi - 2147483648], 127
add dword ptr [rdi - 2147483648], 127
or dword ptr [rdi - 2147483648], 127
and dword ptr [rdi - 2147483648], 127
sub dword ptr [rdi - 2147483648], 127
xor dword ptr [rdi - 2147483648], 127
cmp dword ptr [rdi - 2147483648], 127
mov qword ptr [rdi - 2147483648], -128
add qword ptr [rdi - 2147483648], -128
or qword ptr [rdi - 2147483648], -128
and qword ptr [rdi - 2147483648], -128
sub qword ptr [rdi - 2147483648], -128
xor qword ptr [rdi - 2147483648], -128
cmp qword ptr [rdi - 2147483648], -128
mov byte ptr [rdi + 1*rax], 90
mov word ptr [rdi + 1*rax], 4660
mov dword ptr [rdi + 1*rax], 128
add dword ptr [rdi + 1*rax], 128
or dword ptr [rdi + 1*rax], 128
and dword ptr [rdi + 1*rax], 128
sub dword ptr [rdi + 1*rax], 128
xor dword ptr [rdi + 1*rax], 128
cmp dword ptr [rdi + 1*rax], 128
mov qword ptr [rdi + 1*rax], -129
add qword ptr [rdi + 1*rax], -129
or qword ptr [rdi + 1*rax], -129
and qword ptr [rdi + 1*rax], -129
sub qword ptr [rdi + 1*rax], -129
xor qword ptr [rdi + 1*rax], -129
cmp qword ptr [rdi + 1*rax], -129
mov byte ptr [r9 + 8*r12], 90
mov word ptr [r9 + 8*r12], 4660
mov dword ptr [r9 + 8*r12], 305419896
add dword ptr [r9 + 8*r12], 305419896
or dword ptr [r9 + 8*r12], 305419896
and dword ptr [r9 + 8*r12], 305419896
sub dword ptr [r9 + 8*r12], 305419896
xor dword ptr [r9 + 8*r12], 305419896
cmp dword ptr [r9 + 8*r12], 305419896
mov qword ptr [r9 + 8*r12], -2147483648
add qword ptr [r9 + 8*r12], -2147483648
or qword ptr [r9 + 8*r12], -2147483648
and qword ptr [r9 + 8*r12], -2147483648
sub qword ptr [r9 + 8*r12], -2147483648
xor qword ptr [r9 + 8*r12], -2147483648
cmp qword ptr [r9 + 8*r12], -2147483648
mov byte ptr [r13 + 4*rcx], 90
mov word ptr [r13 + 4*rcx], 4660
mov dword ptr [r13 + 4*rcx], 1
add dword ptr [r13 + 4*rcx], 1
or dword ptr [r13 + 4*rcx], 1
and dword ptr [r13 + 4*rcx], 1
sub dword ptr [r13 + 4*rcx], 1
xor dword ptr [r13 + 4*rcx], 1
cmp dword ptr [r13 + 4*rcx], 1
mov qword ptr [r13 + 4*rcx], -1
add qword ptr [r13 + 4*rcx], -1
or qword ptr [r13 + 4*rcx], -1
and qword ptr [r13 + 4*rcx], -1
sub qword ptr [r13 + 4*rcx], -1
xor qword ptr [r13 + 4*rcx], -1
cmp qword ptr [r13 + 4*rcx], -1
mov byte ptr [rax + 2*r13 - 129], 90
mov word ptr [rax + 2*r13 - 129], 4660
mov dword ptr [rax + 2*r13 - 129], 127
add dword ptr [rax + 2*r13 - 129], 127
or dword ptr [rax + 2*r13 - 129], 127
and dword ptr [rax + 2*r13 - 129], 127
sub dword ptr [rax + 2*r13 - 129], 127
xor dword ptr [rax + 2*r13 - 129], 127
cmp dword ptr [rax + 2*r13 - 129], 127
mov qword ptr [rax + 2*r13 - 129], -128
add qword ptr [rax + 2*r13 - 129], -128
or qword ptr [rax + 2*r13 - 129], -128
and qword ptr [rax + 2*r13 - 129], -128
sub qword ptr [rax + 2*r13 - 129], -128
xor qword ptr [rax + 2*r13 - 129], -128
cmp qword ptr [rax + 2*r13 - 129], -128
mov byte ptr [r12 + 8*r8 + 2147483647], 90
mov word ptr [r12 + 8*r8 + 2147483647], 4660
mov dword ptr [r12 + 8*r8 + 2147483647], 128
add dword ptr [r12 + 8*r8 + 2147483647], 128
or dword ptr [r12 + 8*r8 + 2147483647], 128
and dword ptr [r12 + 8*r8 + 2147483647], 128
sub dword ptr [r12 + 8*r8 + 2147483647], 128
xor dword ptr [r12 + 8*r8 + 2147483647], 128
cmp dword ptr [r12 + 8*r8 + 2147483647], 128
mov qword ptr [r12 + 8*r8 + 2147483647], -129
add qword ptr [r12 + 8*r8 + 2147483647], -129
or qword ptr [r12 + 8*r8 + 2147483647], -129
and qword ptr [r12 + 8*r8 + 2147483647], -129
sub qword ptr [r12 + 8*r8 + 2147483647], -129
xor qword ptr [r12 + 8*r8 + 2147483647], -129
cmp qword ptr [r12 + 8*r8 + 2147483647], -129
lock; xadd dword ptr [rax], edx
lock; cmpxchg dword ptr [rax], edx
xchg dword ptr [rax], edx
lock; xadd dword ptr [rax], r15d
lock; cmpxchg dword ptr [rax], r15d
xchg dword ptr [rax], r15d
lock; or dword ptr [rax], ecx
lock; xadd qword ptr [rax], rdx
lock; cmpxchg qword ptr [rax], rdx
xchg qword ptr [rax], rdx
lock; xadd qword ptr [rax], r15
lock; cmpxchg qword ptr [rax], r15
xchg qword ptr [rax], r15
lock; or qword ptr [rax], rcx
lock; xadd dword ptr [rdi + 8], edx
lock; cmpxchg dword ptr [rdi + 8], edx
xchg dword ptr [rdi + 8], edx
lock; xadd dword ptr [rdi + 8], r15d
lock; cmpxchg dword ptr [rdi + 8], r15d
xchg dword ptr [rdi + 8], r15d
lock; or dword ptr [rdi + 8], ecx
lock; xadd qword ptr [rdi + 8], rdx
lock; cmpxchg qword ptr [rdi + 8], rdx
xchg qword ptr [rdi + 8], rdx
lock; xadd qword ptr [rdi + 8], r15
lock; cmpxchg qword ptr [rdi + 8], r15
xchg qword ptr [rdi + 8], r15
lock; or qword ptr [rdi + 8], rcx
lock; xadd dword ptr [r12], edx
lock; cmpxchg dword ptr [r12], edx
xchg dword ptr [r12], edx
lock; xadd dword ptr [r12], r15d
lock; cmpxchg dword ptr [r12], r15d
xchg dword ptr [r12], r15d
lock; or dword ptr [r12], ecx
lock; xadd qword ptr [r12], rdx
lock; cmpxchg qword ptr [r12], rdx
xchg qword ptr [r12], rdx
lock; xadd qword ptr [r12], r15
lock; cmpxchg qword ptr [r12], r15
xchg qword ptr [r12], r15
lock; or qword ptr [r12], rcx
lock; xadd dword ptr [r12 + 16], edx
lock; cmpxchg dword ptr [r12 + 16], edx
xchg dword ptr [r12 + 16], edx
lock; xadd dword ptr [r12 + 16], r15d
lock; cmpxchg dword ptr [r12 + 16], r15d
xchg dword ptr [r12 + 16], r15d
lock; or dword ptr [r12 + 16], ecx
lock; xadd qword ptr [r12 + 16], rdx
lock; cmpxchg qword ptr [r12 + 16], rdx
xchg qword ptr [r12 + 16], rdx
lock; xadd qword ptr [r12 + 16], r15
lock; cmpxchg qword ptr [r12 + 16], r15
xchg qword ptr [r12 + 16], r15
lock; or qword ptr [r12 + 16], rcx
lock; xadd dword ptr [r13], edx
lock; cmpxchg dword ptr [r13], edx
xchg dword ptr [r13], edx
lock; xadd dword ptr [r13], r15d
lock; cmpxchg dword ptr [r13], r15d
xchg dword ptr [r13], r15d
lock; or dword ptr [r13], ecx
lock; xadd qword ptr [r13], rdx
lock; cmpxchg qword ptr [r13], rdx
xchg qword ptr [r13], rdx
lock; xadd qword ptr [r13], r15
lock; cmpxchg qword ptr [r13], r15
xchg qword ptr [r13], r15
lock; or qword ptr [r13], rcx
lock; xadd dword ptr [r13 - 512], edx
lock; cmpxchg dword ptr [r13 - 512], edx
xchg dword ptr [r13 - 512], edx
lock; xadd dword ptr [r13 - 512], r15d
lock; cmpxchg dword ptr [r13 - 512], r15d
xchg dword ptr [r13 - 512], r15d
lock; or dword ptr [r13 - 512], ecx
lock; xadd qword ptr [r13 - 512], rdx
lock; cmpxchg qword ptr [r13 - 512], rdx
xchg qword ptr [r13 - 512], rdx
lock; xadd qword ptr [r13 - 512], r15
lock; cmpxchg qword ptr [r13 - 512], r15
xchg qword ptr [r13 - 512], r15
lock; or qword ptr [r13 - 512], rcx
lock; xadd dword ptr [rbx - 128], edx
lock; cmpxchg dword ptr [rbx - 128], edx
xchg dword ptr [rbx - 128], edx
lock; xadd dword ptr [rbx - 128], r15d
lock; cmpxchg dword ptr [rbx - 128], r15d
xchg dword ptr [rbx - 128], r15d
lock; or dword ptr [rbx - 128], ecx
lock; xadd qword ptr [rbx - 128], rdx
lock; cmpxchg qword ptr [rbx - 128], rdx
xchg qword ptr [rbx - 128], rdx
lock; xadd qword ptr [rbx - 128], r15
lock; cmpxchg qword ptr [rbx - 128], r15
xchg qword ptr [rbx - 128], r15
lock; or qword ptr [rbx - 128], rcx
lock; xadd dword ptr [r15 + 127], edx
lock; cmpxchg dword ptr [r15 + 127], edx
xchg dword ptr [r15 + 127], edx
lock; xadd dword ptr [r15 + 127], r15d
lock; cmpxchg dword ptr [r15 + 127], r15d
xchg dword ptr [r15 + 127], r15d
lock; or dword ptr [r15 + 127], ecx
lock; xadd qword ptr [r15 + 127], rdx
lock; cmpxchg qword ptr [r15 + 127], rdx
xchg qword ptr [r15 + 127], rdx
lock; xadd qword ptr [r15 + 127], r15
lock; cmpxchg qword ptr [r15 + 127], r15
xchg qword ptr [r15 + 127], r15
lock; or qword ptr [r15 + 127], rcx
lock; xadd dword ptr [rsi + 128], edx
lock; cmpxchg dword ptr [rsi + 128], edx
xchg dword ptr [rsi + 128], edx
lock; xadd dword ptr [rsi + 128], r15d
lock; cmpxchg dword ptr [rsi + 128], r15d
xchg dword ptr [rsi + 128], r15d
lock; or dword ptr [rsi + 128], ecx
lock; xadd qword ptr [rsi + 128], rdx
lock; cmpxchg qword ptr [rsi + 128], rdx
xchg qword ptr [rsi + 128], rdx
lock; xadd qword ptr [rsi + 128], r15
lock; cmpxchg qword ptr [rsi + 128], r15
xchg qword ptr [rsi + 128], r15
lock; or qword ptr [rsi + 128], rcx
lock; xadd dword ptr [rdi - 2147483648], edx
lock; cmpxchg dword ptr [rdi - 2147483648], edx
xchg dword ptr [rdi - 2147483648], edx
lock; xadd dword ptr [rdi - 2147483648], r15d
lock; cmpxchg dword ptr [rdi - 2147483648], r15d
xchg dword ptr [rdi - 2147483648], r15d
lock; or dword ptr [rdi - 2147483648], ecx
lock; xadd qword ptr [rdi - 2147483648], rdx
lock; cmpxchg qword ptr [rdi - 2147483648], rdx
xchg qword ptr [rdi - 2147483648], rdx
lock; xadd qword ptr [rdi - 2147483648], r15
lock; cmpxchg qword ptr [rdi - 2147483648], r15
xchg qword ptr [rdi - 2147483648], r15
lock; or qword ptr [rdi - 2147483648], rcx
lock; xadd dword ptr [rdi + 1*rax], edx
lock; cmpxchg dword ptr [rdi + 1*rax], edx
xchg dword ptr [rdi + 1*rax], edx
lock; xadd dword ptr [rdi + 1*rax], r15d
lock; cmpxchg dword ptr [rdi + 1*rax], r15d
xchg dword ptr [rdi + 1*rax], r15d
lock; or dword ptr [rdi + 1*rax], ecx
lock; xadd qword ptr [rdi + 1*rax], rdx
lock; cmpxchg qword ptr [rdi + 1*rax], rdx
xchg qword ptr [rdi + 1*rax], rdx
lock; xadd qword ptr [rdi + 1*rax], r15
lock; cmpxchg qword ptr [rdi + 1*rax], r15
xchg qword ptr [rdi + 1*rax], r15
lock; or qword ptr [rdi + 1*rax], rcx
lock; xadd dword ptr [r9 + 8*r12], edx
lock; cmpxchg dword ptr [r9 + 8*r12], edx
xchg dword ptr [r9 + 8*r12], edx
lock; xadd dword ptr [r9 + 8*r12], r15d
lock; cmpxchg dword ptr [r9 + 8*r12], r15d
xchg dword ptr [r9 + 8*r12], r15d
lock; or dword ptr [r9 + 8*r12], ecx
lock; xadd qword ptr [r9 + 8*r12], rdx
lock; cmpxchg qword ptr [r9 + 8*r12], rdx
xchg qword ptr [r9 + 8*r12], rdx
lock; xadd qword ptr [r9 + 8*r12], r15
lock; cmpxchg qword ptr [r9 + 8*r12], r15
xchg qword ptr [r9 + 8*r12], r15
lock; or qword ptr [r9 + 8*r12], rcx
lock; xadd dword ptr [r13 + 4*rcx], edx
lock; cmpxchg dword ptr [r13 + 4*rcx], edx
xchg dword ptr [r13 + 4*rcx], edx
lock; xadd dword ptr [r13 + 4*rcx], r15d
lock; cmpxchg dword ptr [r13 + 4*rcx], r15d
xchg dword ptr [r13 + 4*rcx], r15d
lock; or dword ptr [r13 + 4*rcx], ecx
lock; xadd qword ptr [r13 + 4*rcx], rdx
lock; cmpxchg qword ptr [r13 + 4*rcx], rdx
xchg qword ptr [r13 + 4*rcx], rdx
lock; xadd qword ptr [r13 + 4*rcx], r15
lock; cmpxchg qword ptr [r13 + 4*rcx], r15
xchg qword ptr [r13 + 4*rcx], r15
lock; or qword ptr [r13 + 4*rcx], rcx
lock; xadd dword ptr [rax + 2*r13 - 129], edx
lock; cmpxchg dword ptr [rax + 2*r13 - 129], edx
xchg dword ptr [rax + 2*r13 - 129], edx
lock; xadd dword ptr [rax + 2*r13 - 129], r15d
lock; cmpxchg dword ptr [rax + 2*r13 - 129], r15d
xchg dword ptr [rax + 2*r13 - 129], r15d
lock; or dword ptr [rax + 2*r13 - 129], ecx
lock; xadd qword ptr [rax + 2*r13 - 129], rdx
lock; cmpxchg qword ptr [rax + 2*r13 - 129], rdx
xchg qword ptr [rax + 2*r13 - 129], rdx
lock; xadd qword ptr [rax + 2*r13 - 129], r15
lock; cmpxchg qword ptr [rax + 2*r13 - 129], r15
xchg qword ptr [rax + 2*r13 - 129], r15
lock; or qword ptr [rax + 2*r13 - 129], rcx
lock; xadd dword ptr [r12 + 8*r8 + 2147483647], edx
lock; cmpxchg dword ptr [r12 + 8*r8 + 2147483647], edx
xchg dword ptr [r12 + 8*r8 + 2147483647], edx
lock; xadd dword ptr [r12 + 8*r8 + 2147483647], r15d
lock; cmpxchg dword ptr [r12 + 8*r8 + 2147483647], r15d
xchg dword ptr [r12 + 8*r8 + 2147483647], r15d
lock; or dword ptr [r12 + 8*r8 + 2147483647], ecx
lock; xadd qword ptr [r12 + 8*r8 + 2147483647], rdx
lock; cmpxchg qword ptr [r12 + 8*r8 + 2147483647], rdx
xchg qword ptr [r12 + 8*r8 + 2147483647], rdx
lock; xadd qword ptr [r12 + 8*r8 + 2147483647], r15
lock; cmpxchg qword ptr [r12 + 8*r8 + 2147483647], r15
xchg qword ptr [r12 + 8*r8 + 2147483647], r15
lock; or qword ptr [r12 + 8*r8 + 2147483647], rcx
jb here + -126
jb here + 2
jb here + 129
jb here + -4090
jb here + 134
jb here + 1073741830
jae here + -126
jae here + 2
jae here + 129
jae here + -4090
jae here + 134
jae here + 1073741830
je here + -126
je here + 2
je here + 129
je here + -4090
je here + 134
je here + 1073741830
jne here + -126
jne here + 2
jne here + 129
jne here + -4090
jne here + 134
jne here + 1073741830
jbe here + -126
jbe here + 2
jbe here + 129
jbe here + -4090
jbe here + 134
jbe here + 1073741830
ja here + -126
ja here + 2
ja here + 129
ja here + -4090
ja here + 134
ja here + 1073741830
js here + -126
js here + 2
js here + 129
js here + -4090
js here + 134
js here + 1073741830
jns here + -126
jns here + 2
jns here + 129
jns here + -4090
jns here + 134
jns here + 1073741830
jl here + -126
jl here + 2
jl here + 129
jl here + -4090
jl here + 134
jl here + 1073741830
jge here + -126
jge here + 2
jge here + 129
jge here + -4090
jge here + 134
jge here + 1073741830
jle here + -126
jle here + 2
jle here + 129
jle here + -4090
jle here + 134
jle here + 1073741830
jg here + -126
jg here + 2
jg here + 129
jg here + -4090
jg here + 134
jg here + 1073741830
jmp here + 100
jmp here - 126
jmp here + 1000
jmp here - 1000
call here + 1000
call here - 1000
lea rdi, [rip + 4660]
lea r14, [rip - 4660]
