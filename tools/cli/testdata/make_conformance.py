#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes conformance.cases: programs as bytes, memory, and the r0 they give.

Each case is assembly as clang reads it, the memory that r1 points to, and a
result that was computed by hand or, for arithmetic and comparisons, by the
integers of Python from what RFC 9669 says. Run it after a change:

  tools/cli/testdata/make_conformance.py > tools/cli/testdata/conformance.cases

Needs clang 19 (CLANG=name for another one), which the tests do not.
"""

import os
import struct
import subprocess
import sys
import tempfile

CLANG = os.environ.get("CLANG", "clang-19")
M32 = (1 << 32) - 1
M64 = (1 << 64) - 1

CASES = []


def case(name, asm, result, memory=""):
    CASES.append((name, asm, memory, result & M64))


def call(distance):
    """A call of the function `distance` instructions behind the next one."""
    return f".long 0x1085; .long {distance}"


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def quotient(a, b):
    """Signed division as C has it: towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


# What the arithmetic operations compute, on unsigned words of `bits`.
ALU = {
    "+=": lambda a, b, bits: a + b,
    "-=": lambda a, b, bits: a - b,
    "*=": lambda a, b, bits: a * b,
    "/=": lambda a, b, bits: a // b if b else 0,
    "%=": lambda a, b, bits: a % b if b else a,
    "|=": lambda a, b, bits: a | b,
    "&=": lambda a, b, bits: a & b,
    "^=": lambda a, b, bits: a ^ b,
    "<<=": lambda a, b, bits: a << (b % bits),
    ">>=": lambda a, b, bits: a >> (b % bits),
    "s>>=": lambda a, b, bits: signed(a, bits) >> (b % bits),
    "s/=": lambda a, b, bits: quotient(signed(a, bits), signed(b, bits)) if b else 0,
    "s%=": lambda a, b, bits: (
        signed(a, bits) - quotient(signed(a, bits), signed(b, bits)) * signed(b, bits)
        if b
        else a
    ),
}

WORDS = {
    "+=": "add", "-=": "sub", "*=": "mul", "/=": "div", "%=": "mod", "|=": "or",
    "&=": "and", "^=": "xor", "<<=": "lsh", ">>=": "rsh", "s>>=": "arsh",
    "s/=": "sdiv", "s%=": "smod",
}

PAIRS = [
    (0x123456789ABCDEF0, 0x0FEDCBA987654321),
    (0xFFFFFFFFFFFFFFF9, 0x3),
    (0x8000000000000000, 0xFFFFFFFFFFFFFFFF),
    (0x80000000, 0xFFFFFFFF),
    (0x7, 0x0),
]


def arithmetic():
    for op, compute in ALU.items():
        for index, (a, b) in enumerate(PAIRS):
            for bits, letter in [(64, "r"), (32, "w")]:
                mask = (1 << bits) - 1
                shift = op in ("<<=", ">>=", "s>>=")
                result = compute(a & mask, b & mask, bits) & mask
                case(
                    f"{WORDS[op]}{bits}_reg_{index}",
                    f"r0 = {a} ll; r3 = {b} ll; {letter}0 {op} {letter}3; exit",
                    result,
                )
                imm = signed(b, 32) % bits if shift else signed(b, 32)
                if imm == 0 and op in ("/=", "%=", "s/=", "s%="):
                    continue  # no such instruction for clang; see below
                result = compute(a & mask, imm & mask, bits) & mask
                case(
                    f"{WORDS[op]}{bits}_imm_{index}",
                    f"r0 = {a} ll; {letter}0 {op} {imm}; exit",
                    result,
                )
    # Division by the constant 0, by its bytes: opcode, registers, offset.
    for name, opcode, offset, result in [
        ("div64_imm_zero", 0x37, 0, 0),
        ("div32_imm_zero", 0x34, 0, 0),
        ("mod64_imm_zero", 0x97, 0, 0x123456789ABCDEF0),
        ("mod32_imm_zero", 0x94, 0, 0x9ABCDEF0),
        ("sdiv64_imm_zero", 0x37, 1, 0),
        ("sdiv32_imm_zero", 0x34, 1, 0),
        ("smod64_imm_zero", 0x97, 1, 0x123456789ABCDEF0),
        ("smod32_imm_zero", 0x94, 1, 0x9ABCDEF0),
    ]:
        case(
            name,
            f"r0 = {0x123456789ABCDEF0} ll; .long {offset << 16 | opcode}; .long 0; exit",
            result,
        )


def moves():
    value = 0x8899AABBCCDDEEFF
    load = f"r3 = {value} ll;"
    case("mov64_imm_negative", "r0 = -1; exit", M64)
    case("mov32_imm_negative", f"r0 = {value} ll; w0 = -1; exit", M32)
    case("mov64_reg", f"{load} r0 = r3; exit", value)
    case("mov32_reg", f"r0 = -1; {load} w0 = w3; exit", value & M32)
    case("lddw", f"r0 = {value} ll; exit", value)
    case("lddw_low_negative", "r0 = 0x00000001ffffffff ll; exit", 0x1FFFFFFFF)
    for bits, letter in [(64, "r"), (32, "w")]:
        for width in [8, 16] + ([32] if bits == 64 else []):
            for name, source in [("negative", value), ("positive", 0x12345677)]:
                case(
                    f"movsx{width}_{bits}_{name}",
                    f"r0 = 0; r3 = {source} ll; {letter}0 = (s{width}){letter}3; exit",
                    signed(source, width) & ((1 << bits) - 1),
                )
        for name, source in [("positive", 5), ("smallest", 1 << (bits - 1)), ("zero", 0)]:
            case(
                f"neg{bits}_{name}",
                f"r0 = {source} ll; {letter}0 = -{letter}0; exit",
                -source & ((1 << bits) - 1),
            )
    for width in (16, 32, 64):
        low = value & ((1 << width) - 1)
        swapped = int.from_bytes(low.to_bytes(width // 8, "little"), "big")
        for op, result in [("be", swapped), ("le", low), ("bswap", swapped)]:
            case(f"{op}{width}", f"r0 = {value} ll; r0 = {op}{width} r0; exit", result)


JUMPS = {
    "==": ("jeq", lambda a, b, bits: a == b),
    "!=": ("jne", lambda a, b, bits: a != b),
    ">": ("jgt", lambda a, b, bits: a > b),
    ">=": ("jge", lambda a, b, bits: a >= b),
    "<": ("jlt", lambda a, b, bits: a < b),
    "<=": ("jle", lambda a, b, bits: a <= b),
    "s>": ("jsgt", lambda a, b, bits: signed(a, bits) > signed(b, bits)),
    "s>=": ("jsge", lambda a, b, bits: signed(a, bits) >= signed(b, bits)),
    "s<": ("jslt", lambda a, b, bits: signed(a, bits) < signed(b, bits)),
    "s<=": ("jsle", lambda a, b, bits: signed(a, bits) <= signed(b, bits)),
    "&": ("jset", lambda a, b, bits: a & b != 0),
}


def jumps():
    pairs = [(5, 5), (4, 5), (M64, 1), (1, M64), (0x100000005, 5), (0xFFFFFFFF, 0xF0)]
    for op, (name, holds) in JUMPS.items():
        for index, (a, b) in enumerate(pairs):
            for bits, letter in [(64, "r"), (32, "w")]:
                mask = (1 << bits) - 1
                case(
                    f"{name}{bits}_reg_{index}",
                    f"r0 = 1; r3 = {a} ll; r4 = {b} ll; "
                    f"if {letter}3 {op} {letter}4 goto +1; r0 = 2; exit",
                    1 if holds(a & mask, b & mask, bits) else 2,
                )
                imm = signed(b, 32)
                case(
                    f"{name}{bits}_imm_{index}",
                    f"r0 = 1; r3 = {a} ll; if {letter}3 {op} {imm} goto +1; r0 = 2; exit",
                    1 if holds(a & mask, imm & mask, bits) else 2,
                )
    case("goto_over", "r0 = 1; goto +1; r0 = 2; exit", 1)
    case("goto_back", "r0 = 1; goto +2; r0 += 5; exit; r0 += 10; goto -4", 16)
    case("gotol_over", "r0 = 1; gotol +1; r0 = 2; exit", 1)
    case(
        "loop",
        "r0 = 0; r3 = 100; r0 += r3; r3 += -1; if r3 != 0 goto -3; exit",
        5050,
    )
    case("exit_not_last", "r0 = 7; goto +1; exit; goto -2", 7)


def memory():
    block = "8182838485868788 f1f2f3f4f5f6f7f8"
    for name, type_, offset, result in [
        ("ldxb", "u8", 2, 0x83),
        ("ldxh", "u16", 2, 0x8483),
        ("ldxw", "u32", 4, 0x88878685),
        ("ldxdw", "u64", 0, 0x8887868584838281),
        ("ldxsb", "s8", 2, -0x7D),
        ("ldxsh", "s16", 2, signed(0x8483, 16)),
        ("ldxsw", "s32", 4, signed(0x88878685, 32)),
        ("ldxdw_unaligned", "u64", 3, 0xF3F2F18887868584),
        ("ldxw_unaligned", "u32", 5, 0xF1888786),
        ("ldxh_unaligned", "u16", 7, 0xF188),
    ]:
        case(name, f"r0 = *({type_} *)(r1 + {offset}); exit", result, block)
    case("ldx_same_register", "r1 = *(u64 *)(r1 + 8); r0 = r1; exit", 0xF8F7F6F5F4F3F2F1, block)
    case("ldx_negative_offset", "r1 += 8; r0 = *(u32 *)(r1 - 4); exit", 0x88878685, block)
    read = "r0 = *(u64 *)(r1 + 0); exit"
    for name, store, result in [
        ("stb", "*(u8 *)(r1 + 1) = 0x7f", 0x8887868584837F81),
        ("sth", "*(u16 *)(r1 + 2) = 0x1234", 0x8887868512348281),
        ("stw", "*(u32 *)(r1 + 4) = -2", 0xFFFFFFFE84838281),
        ("stdw", "*(u64 *)(r1 + 0) = -3", M64 - 2),
        ("stxb", "r3 = 0xabcd; *(u8 *)(r1 + 1) = r3", 0x888786858483CD81),
        ("stxh", "r3 = 0x1abcd; *(u16 *)(r1 + 2) = r3", 0x88878685ABCD8281),
        ("stxw", "r3 = 0x1234567890abcdef ll; *(u32 *)(r1 + 0) = r3", 0x8887868590ABCDEF),
        ("stxdw", "r3 = 0x1234567890abcdef ll; *(u64 *)(r1 + 0) = r3", 0x1234567890ABCDEF),
        ("stx_own_address", "r3 = r1; *(u64 *)(r1 + 0) = r1; r4 = *(u64 *)(r1 + 0); r4 -= r3; *(u64 *)(r1 + 0) = r4", 0),
    ]:
        case(name, f"{store}; {read}", result, block)
    case("mem_length", "r0 = r2; exit", 16, block)
    case("mem_length_none", "r0 = r2; exit", 0)
    case("stack", "r3 = 51; *(u64 *)(r10 - 8) = r3; r4 = r10; r4 += -512; *(u64 *)(r4 + 0) = 9; r0 = *(u64 *)(r10 - 8); r3 = *(u64 *)(r4 + 0); r0 += r3; exit", 60)
    case("stack_bytes", "*(u64 *)(r10 - 8) = 0; *(u8 *)(r10 - 5) = 0x11; r0 = *(u32 *)(r10 - 8); exit", 0x11000000)
    case("big_endian_field", "r0 = *(u16 *)(r1 + 0); r0 = be16 r0; exit", 0x8182, block)


def atomics():
    block = "0807060504030201 00000000"
    old64, old32 = 0x0102030405060708, 0x05060708
    high = 0x01020304 << 32
    operand = 0xF0F0F0F00F0F0F0F
    load = f"r3 = {operand} ll;"
    read = "r0 = *(u64 *)(r1 + 0); exit"
    low = operand & M32
    for name, op, compute in [
        ("add", "+=", lambda a, b: a + b),
        ("or", "|=", lambda a, b: a | b),
        ("and", "&=", lambda a, b: a & b),
        ("xor", "^=", lambda a, b: a ^ b),
    ]:
        new64 = compute(old64, operand)
        new32 = high | compute(old32, low) & M32
        case(f"lock_{name}64", f"{load} lock *(u64 *)(r1 + 0) {op} r3; {read}", new64, block)
        case(f"lock_{name}32", f"{load} lock *(u32 *)(r1 + 0) {op} w3; {read}", new32, block)
        for suffix, asm, old, new in [
            ("64", f"r3 = atomic_fetch_{name}((u64 *)(r1 + 0), r3)", old64, new64),
            ("32", f"w3 = atomic_fetch_{name}((u32 *)(r1 + 0), w3)", old32, new32),
        ]:
            case(f"fetch_{name}{suffix}_old", f"{load} {asm}; r0 = r3; exit", old, block)
            case(f"fetch_{name}{suffix}_new", f"{load} {asm}; {read}", new, block)
    case("xchg64_old", f"{load} r3 = xchg_64(r1 + 0, r3); r0 = r3; exit", old64, block)
    case("xchg64_new", f"{load} r3 = xchg_64(r1 + 0, r3); {read}", operand, block)
    case("xchg32_old", f"{load} w3 = xchg32_32(r1 + 0, w3); r0 = r3; exit", old32, block)
    case("xchg32_new", f"{load} w3 = xchg32_32(r1 + 0, w3); {read}", high | low, block)
    for name, expected, swaps in [("equal", old64, True), ("different", old64 + 1, False)]:
        start = f"{load} r0 = {expected} ll;"
        case(f"cmpxchg64_{name}_old", f"{start} r0 = cmpxchg_64(r1 + 0, r0, r3); exit", old64, block)
        case(f"cmpxchg64_{name}_new", f"{start} r0 = cmpxchg_64(r1 + 0, r0, r3); {read}",
             operand if swaps else old64, block)
        # The upper half of r0 takes no part, and is cleared.
        case(f"cmpxchg32_{name}_old", f"{start} w0 = cmpxchg32_32(r1 + 0, w0, w3); exit", old32, block)
        case(f"cmpxchg32_{name}_new", f"{start} w0 = cmpxchg32_32(r1 + 0, w0, w3); {read}",
             high | low if swaps else old64, block)
    case("lock_stack", "*(u64 *)(r10 - 16) = 40; r3 = 2; lock *(u64 *)(r10 - 16) += r3; r0 = *(u64 *)(r10 - 16); exit", 42)
    # clang 19 has no words for these. LOAD_ACQ is imm 0x100, STORE_REL 0x110.
    for width, opcode, result in [(8, 0xD3, 0x08), (16, 0xCB, 0x0708), (32, 0xC3, old32), (64, 0xDB, old64)]:
        case(f"load_acquire{width}", f"r0 = -1; .long {0x10 << 8 | opcode}; .long 0x100; exit", result, block)
        mask = (1 << width) - 1
        case(f"store_release{width}", f"{load} .long {0x31 << 8 | opcode}; .long 0x110; {read}",
             old64 & ~mask | operand & mask, block)


def calls():
    case("call_local", f"r1 = 20; {call(2)}; r0 += 1; exit; r0 = r1; r0 += r1; exit", 41)
    case("call_saves_registers",
         f"r6 = 1; r7 = 2; r8 = 3; r9 = 4; {call(5)}; r0 = r6; r0 += r7; r0 += r8; r0 += r9; exit; "
         "r6 = 100; r7 = 100; r8 = 100; r9 = 100; r0 = 0; exit", 10)
    case("call_own_stack",
         f"*(u64 *)(r10 - 8) = 5; {call(2)}; r0 = *(u64 *)(r10 - 8); exit; "
         "*(u64 *)(r10 - 8) = 6; r0 = 0; exit", 5)
    case("call_passes_stack",
         f"*(u64 *)(r10 - 8) = 5; r1 = r10; r1 += -8; {call(2)}; r0 = *(u64 *)(r10 - 8); exit; "
         "*(u64 *)(r1 + 0) = 6; r0 = 0; exit", 6)
    case("call_back", f"r1 = 3; {call(4)}; exit; r0 = r1; r0 += 1; exit; {call(-4)}; exit", 4)
    # Eight frames, and a function that calls itself: r0 is nothing that a
    # function is given, so what they add up is in r1 and r2.
    case("call_eight_deep",
         f"r1 = 0; {call(1)}; exit; "
         + "".join(f"r1 += {i}; {call(1)}; exit; " for i in range(1, 7))
         + "r1 += 7; r0 = r1; exit", 28)
    case("call_recursive_four",
         f"r2 = 0; r1 = 4; {call(1)}; exit; if r1 == 0 goto +4; r2 += r1; r1 += -1; {call(-4)}; exit; "
         "r0 = r2; exit", 10)
    case("call_arguments",
         f"r1 = 1; r2 = 2; r3 = 3; r4 = 4; r5 = 5; {call(1)}; exit; "
         "r0 = r1; r0 <<= 4; r0 |= r2; r0 <<= 4; r0 |= r3; r0 <<= 4; r0 |= r4; r0 <<= 4; r0 |= r5; exit", 0x12345)
    case("helper_smp_processor_id_small", "call 8; r0 >>= 16; exit", 0)
    case("helper_ktime_grows", "call 5; r6 = r0; call 5; r0 -= r6; r0 s>>= 63; exit", 0)


def assemble():
    source = [".text"]
    for name, asm, _, _ in CASES:
        source.append(f'.section "case_{name}","ax",@progbits')
        source.extend(part.strip() for part in asm.split(";"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases")
        with open(path + ".s", "w", encoding="utf-8") as file:
            file.write("\n".join(source) + "\n")
        subprocess.run(
            [CLANG, "--target=bpf", "-mcpu=v4", "-c", path + ".s", "-o", path + ".o"],
            check=True,
        )
        with open(path + ".o", "rb") as file:
            return file.read()


def sections(elf):
    """The contents of each section, by name."""
    (shoff,) = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQ", elf, shoff + i * size) for i in range(count)]
    strings = headers[names][4]
    for name, _, _, _, offset, length in headers:
        end = elf.index(b"\0", strings + name)
        yield elf[strings + name : end].decode(), elf[offset : offset + length]


def main():
    for build in (arithmetic, moves, jumps, memory, atomics, calls):
        build()
    code = dict(sections(assemble()))
    print("# SPDX-License-Identifier: MIT")
    print("# Made by make_conformance.py: name, program, memory or -, r0.")
    for name, asm, mem, result in CASES:
        data = code["case_" + name]
        if len(data) % 8 or not data:
            sys.exit(f"{name}: {len(data)} bytes")
        print(name, data.hex(), mem.replace(" ", "") or "-", f"{result:x}")


if __name__ == "__main__":
    main()
