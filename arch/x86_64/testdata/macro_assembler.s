xor eax, eax
xor r8d, r8d
mov edi, 1
mov edi, 4294967295
mov rdi, -1
mov rdi, -2147483648
movabs rdi, 4294967296
movabs r10, 4294967296
mov rdi, rsi
mov edi, esi
mov edi, edi
mov rsi, r13
add rdi, rsi
add edi, esi
lea rdi, [rsi + rdx]
lea rdi, [rsi + r13]
lea edi, [rsi + rdx]
inc rdi
dec edi
dec rdi
add rdi, 127
sub rdi, -128
add rdi, 129
add rdi, -5
sub rdi, -2147483648
lea rdi, [rsi + 8]
lea rdi, [r13 - 16]
sub rdi, rsi
neg rdi; add rdi, rsi
mov rdi, rsi; sub rdi, rdx
add r10, rsi
add r13, -16
movzx edi, dil
movzx edi, si
xor edi, edi
and edi, 2147483647
and rdi, -8
mov edi, esi; and edi, 15
not rdi
xor rdi, 7
or rdi, 7
or eax, 4660
or rdi, rsi
imul rdi, rsi
lea rdi, [rsi + 2*rsi]
lea edi, [rdi + 4*rdi]
lea rdi, [rdi + 8*rdi]
shl rdi, 4
neg rdi
imul rdi, rsi, 7
imul edi, edi, 1000
add rdi, rdi
lea rdi, [rsi + rsi]
mov rdi, rsi; shl rdi, 13
shl edi, 31
shl rdi, 32
shr rdi, 7
sar edi
shlx rdi, rdi, rsi
shl rdi, cl
mov r9, rcx; mov ecx, esi; shl rdi, cl; mov rcx, r9
mov ecx, esi; shl rdi, cl
mov r9, rdi; mov ecx, esi; shl r9, cl; mov rcx, r9
xor edx, edx; div rdi
mov eax, r8d; xor edx, edx; div edi; mov r8d, edx
xor edx, edx; test edi, edi; je here + 10; div edi; mov eax, edx
mov r9, rax; push rdx; mov eax, r8d; xor edx, edx; div edi; mov r8d, eax; mov rax, r9; pop rdx
lea edx, [rdi + 1]; cmp edx, 1; jbe here + 13; cdq; idiv edi; jmp here + 16; imul eax, edi
mov r9, rdx; mov rdx, rdi; mulx rdi, rdi, rsi; mov rdx, r9
mulx rdi, rdi, rsi
mov rax, rdi; mul rsi; mov rdi, rdx
bswap edi; shr edi, 16
mov rdi, rsi; bswap rdi
movzx edi, sil
movsx rdi, si
movsx edi, si
movsxd rdi, esi
rol rdi, 13
rorx rdi, rsi, 51
movzx esi, ah
mov edi, esi; shr edi, 24
shr rdi, 30; and edi, 15
shr rdi, 60
movzx eax, byte ptr [rdi + 4]
movsxd rax, dword ptr [rdi + 8*rsi]
mov byte ptr [rdi], sil
mov qword ptr [r13 - 8], -1
movzx eax, word ptr [rdi]; rol ax, 8
movbe eax, dword ptr [rdi]
add qword ptr [rdi + 8], 1
xor rax, qword ptr [rdi + 8]
lea rdi, [rsi + 8*rdx + 16]
lock; xadd qword ptr [rdi], rsi
lock; or qword ptr [rdi], rsi
mov rax, qword ptr [rdi]; mov r9, rax; or r9, rsi; lock; cmpxchg qword ptr [rdi], r9; jne here + 3; mov rsi, rax
lock; cmpxchg dword ptr [rdi], esi; mov eax, eax
cmp rdi, rsi; ja here + 5
cmp edi, 7; jle here + 5
test rdi, rdi; je here + 5
test rdi, rdi; js here + 5
test rdi, rdi; jne here + 5
test rdi, rdi; jns here + 5
cmp rdi, 127; ja here + 6
test dil, 4; jne here + 6
test edi, 256; jne here + 8
test rdi, -256; jne here + 9
cmp rdi, rsi; cmovb rdx, rcx
dec rdi; jne here + 5
dec rdi; js here + 5
dec rdi; test rdi, rdi; jg here + 8
dec rdi; test edi, edi; jne here + 7
dec rdi; test rdi, rdi; jne here + 8
and edi, 6; jg here + 5
cmp rdi, rsi; ja here + 5; je here + 7
push rbx
pop rbx
push rbp; mov rbp, rsp; push rbx; push r15; push r12; push rax
pop r9; pop r12; pop r15; pop rbx; pop rbp
push rbp; mov rbp, rsp; push rbx
pop rbx; pop rbp
push rbp; mov rbp, rsp; push r14; push r15
pop r15; pop r14; pop rbp
