#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes every_insn.cases: for each instruction what it must do, computed here
# from RFC 9669's prose with Python's unbounded integers, sharing nothing with
# core/. Instructions that need a program of their own (calls, exit) are tested
# in execute_test.cc.
#
# A line: name, kind, instruction as bytes, then in hexadecimal dst, src, r0 and
# the memory word before, the same four after, and whether it jumped.
#
#   load:  src is the address of the word less offset, store and atomic: dst.

import struct

M64 = (1 << 64) - 1
lines = []


def mask(bits):
    return (1 << bits) - 1


def signed(value, bits):
    value &= mask(bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def insn(opcode, dst=2, src=0, offset=0, imm=0):
    imm = signed(imm, 32)
    return struct.pack("<BBhi", opcode, dst | src << 4, offset, imm)


def emit(name, kind, code, before, after, jumped=0):
    before = " ".join("%x" % (v & M64) for v in before)
    after = " ".join("%x" % (v & M64) for v in after)
    lines.append("%s %s %s %s %s %d" %
                 (name, kind, code.hex(), before, after, jumped))


def truncated_divide(a, b):
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


def alu(operation, bits, a, b):
    """`a` and `b` are below 1 << bits."""
    sa, sb = signed(a, bits), signed(b, bits)
    result = {
        "Add": lambda: a + b,
        "Sub": lambda: a - b,
        "Mul": lambda: a * b,
        "Div": lambda: a // b if b else 0,
        "SDiv": lambda: truncated_divide(sa, sb) if b else 0,
        "Or": lambda: a | b,
        "And": lambda: a & b,
        "Lsh": lambda: a << (b % bits),
        "Rsh": lambda: a >> (b % bits),
        "Mod": lambda: a % b if b else a,
        "SMod": lambda: sa - truncated_divide(sa, sb) * sb if b else a,
        "Xor": lambda: a ^ b,
        "Mov": lambda: b,
        "Arsh": lambda: sa >> (b % bits),
        "MovSx8": lambda: signed(b, 8),
        "MovSx16": lambda: signed(b, 16),
        "MovSx32": lambda: signed(b, 32),
    }[operation]()
    return result & mask(bits)


WORDS = [
    (0x0123456789abcdef, 0xfedcba9876543210),
    (0xffffffffffffffff, 0x0000000000000001),
    (0x8000000000000000, 0xffffffffffffffff),
    (0xdeadbeef80000000, 0x12345678ffffffff),
    (0x00000000ffffff85, 0x000000000000007b),
    (0xfffffffffffffff9, 0xfffffffffffffffe),
    (0x5555555512345678, 0x00000000000000a1),
    (0x7fffffffffffffff, 0xcafebabe00000000),
    (0x0000000000000007, 0x0000000000000000),
    (0x00000000ffffffff, 0xaaaaaaaa8000ff80),
    (0x0000123400005678, 0xffffffffffffffff),
]
IMMEDIATES = [0x12345678, 1, -1, 0x7b, -2, 33, 0, -0x80000000, 0x7fffff80,
              -1, 7]
CODES = [("Add", 0, 0), ("Sub", 1, 0), ("Mul", 2, 0), ("Div", 3, 0),
         ("SDiv", 3, 1), ("Or", 4, 0), ("And", 5, 0), ("Lsh", 6, 0),
         ("Rsh", 7, 0), ("Mod", 9, 0), ("SMod", 9, 1), ("Xor", 10, 0),
         ("Mov", 11, 0), ("Arsh", 12, 0)]


def arithmetic():
    for bits, alu_class in ((32, 4), (64, 7)):
        for name, code, offset in CODES:
            for i, imm in enumerate(IMMEDIATES):
                a = WORDS[i][0]
                result = alu(name, bits, a & mask(bits), imm & mask(bits))
                emit("%s%dImm" % (name, bits), "alu",
                     insn(code << 4 | alu_class, offset=offset, imm=imm),
                     (a, 3, 4, 5), (result, 3, 4, 5))
        extensions = [8, 16] if bits == 32 else [8, 16, 32]
        registers = CODES + [("MovSx%d" % n, 11, n) for n in extensions]
        for name, code, offset in registers:
            for a, b in WORDS:
                result = alu(name, bits, a & mask(bits), b & mask(bits))
                emit("%s%dReg" % (name, bits), "alu",
                     insn(code << 4 | alu_class | 8, src=3, offset=offset),
                     (a, b, 4, 5), (result, b, 4, 5))
        for a, _ in WORDS:
            emit("Neg%d" % bits, "alu", insn(0x80 | alu_class), (a, 3, 4, 5),
                 (-a & mask(bits), 3, 4, 5))


def byte_order():
    for name, opcode, reverses in (("ToLe", 0xd4, False), ("ToBe", 0xdc, True),
                                   ("Swap", 0xd7, True)):
        for bits in (16, 32, 64):
            for a, _ in WORDS:
                raw = (a & mask(bits)).to_bytes(bits // 8, "little")
                raw = raw[::-1] if reverses else raw
                emit("%s%d" % (name, bits), "alu", insn(opcode, imm=bits),
                     (a, 3, 4, 5), (int.from_bytes(raw, "little"), 3, 4, 5))


SIZES = [(8, 0x10), (16, 0x08), (32, 0x00), (64, 0x18)]
MEMORY = [0x0123456789abcdef, 0xfedcba9876543210, 0x8000000080008080,
          0x7f7f7f7f7f7f7f7f, 0xffffffffffffffff, 0]


def memory():
    for bits, size in SIZES:
        for i, word in enumerate(MEMORY):
            offset = [0, 8, -8, 32767, -32768, 2][i]
            low = word & mask(bits)
            emit("LoadU%d" % bits, "load", insn(0x61 | size, 2, 3, offset),
                 (1, 0, 4, word), (low, 0, 4, word))
            if bits < 64:
                emit("LoadS%d" % bits, "load", insn(0x81 | size, 2, 3, offset),
                     (1, 0, 4, word), (signed(low, bits), 0, 4, word))
            kept = word & ~mask(bits)
            source = ~word * 3 & M64
            emit("StoreU%dReg" % bits, "store",
                 insn(0x63 | size, 2, 3, offset), (0, source, 4, word),
                 (0, source, 4, kept | source & mask(bits)))
            imm = IMMEDIATES[i + 2]
            emit("StoreU%dImm" % bits, "store",
                 insn(0x62 | size, 2, 0, offset, imm), (0, 3, 4, word),
                 (0, 3, 4, kept | imm & mask(bits)))


def atomics():
    operations = [("Add", 0x00), ("Or", 0x40), ("And", 0x50), ("Xor", 0xa0)]
    for bits, opcode in ((32, 0xc3), (64, 0xdb)):
        for i, (old, source) in enumerate(WORDS):
            offset = 8 * i - 24
            low, kept = old & mask(bits), old & ~mask(bits)
            operand = source & mask(bits)
            for name, imm in operations:
                new = kept | alu(name, bits, low, operand)
                emit("Atomic%s%d" % (name, bits), "store",
                     insn(opcode, 2, 3, offset, imm), (0, source, 4, old),
                     (0, source, 4, new))
                emit("AtomicFetch%s%d" % (name, bits), "store",
                     insn(opcode, 2, 3, offset, imm | 1), (0, source, 4, old),
                     (0, low, 4, new))
            emit("AtomicXchg%d" % bits, "store",
                 insn(opcode, 2, 3, offset, 0xe1), (0, source, 4, old),
                 (0, low, 4, kept | operand))
            # Equal in all bits, in the low half only, not at all.
            for r0 in (old, old ^ 0xff00000000, old ^ 0x10):
                equal = (r0 ^ old) & mask(bits) == 0
                emit("AtomicCmpXchg%d" % bits, "store",
                     insn(opcode, 2, 3, offset, 0xf1), (0, source, r0, old),
                     (0, source, low, kept | operand if equal else old))


# Linux's BPF_LOAD_ACQ and BPF_STORE_REL: as loads and stores, aligned.
ORDERED = [(8, 0xd3), (16, 0xcb), (32, 0xc3), (64, 0xdb)]


def ordered():
    for bits, opcode in ORDERED:
        for i, word in enumerate(MEMORY):
            offset = [0, 8, -8, 32760, -32768, 16][i]
            emit("LoadAcquireU%d" % bits, "load",
                 insn(opcode, 2, 3, offset, 0x100), (M64, 0, 4, word),
                 (word & mask(bits), 0, 4, word))
            source = ~word * 3 & M64
            kept = word & ~mask(bits)
            emit("StoreReleaseU%d" % bits, "store",
                 insn(opcode, 2, 3, offset, 0x110), (0, source, 4, word),
                 (0, source, 4, kept | source & mask(bits)))


CONDITIONS = [("Eq", 1, lambda a, b, sa, sb: a == b),
              ("Gt", 2, lambda a, b, sa, sb: a > b),
              ("Ge", 3, lambda a, b, sa, sb: a >= b),
              ("Set", 4, lambda a, b, sa, sb: a & b != 0),
              ("Ne", 5, lambda a, b, sa, sb: a != b),
              ("SGt", 6, lambda a, b, sa, sb: sa > sb),
              ("SGe", 7, lambda a, b, sa, sb: sa >= sb),
              ("Lt", 10, lambda a, b, sa, sb: a < b),
              ("Le", 11, lambda a, b, sa, sb: a <= b),
              ("SLt", 12, lambda a, b, sa, sb: sa < sb),
              ("SLe", 13, lambda a, b, sa, sb: sa <= sb)]
COMPARED = [(0, 0), (1, 2), (2, 1), (M64, 1), (1, M64), (M64, M64),
            (0xffffffff, M64), (1 << 63, 1), (0x1_0000_0005, 5),
            (5, 0x1_0000_0005), (0x80000000, 0x7fffffff), (6, 8), (6, 2),
            (0xffffffff80000000, 0xffffffff80000000)]


def jumps():
    for bits, jump_class in ((64, 5), (32, 6)):
        for name, code, test in CONDITIONS:
            for a, b in COMPARED:
                x, y = a & mask(bits), b & mask(bits)
                taken = test(x, y, signed(x, bits), signed(y, bits))
                emit("J%s%dReg" % (name, bits), "jump",
                     insn(code << 4 | jump_class | 8, 2, 3, 2),
                     (a, b, 4, 5), (a, b, 4, 5), taken)
                imm = signed(b, 32)
                y = imm & mask(bits)
                taken = test(x, y, signed(x, bits), signed(y, bits))
                emit("J%s%dImm" % (name, bits), "jump",
                     insn(code << 4 | jump_class, 2, 0, 2, imm),
                     (a, 3, 4, 5), (a, 3, 4, 5), taken)
    emit("Goto", "jump", insn(0x05, 0, 0, 2), (2, 3, 4, 5), (2, 3, 4, 5), 1)
    emit("GotoLong", "jump", insn(0x06, 0, 0, 0, 2), (2, 3, 4, 5),
         (2, 3, 4, 5), 1)


def constants():
    for value in MEMORY + [0x00000000ffffffff, 0xffffffff00000000, 1 << 31]:
        code = insn(0x18, imm=value & mask(32)) + insn(0, 0, imm=value >> 32)
        emit("LoadImm64", "alu", code, (7, 3, 4, 5), (value, 3, 4, 5))


for part in (arithmetic, byte_order, memory, atomics, ordered, jumps, constants):
    part()
with open("every_insn.cases", "w") as out:
    out.write("\n".join(lines) + "\n")
print(len(lines), "cases")
