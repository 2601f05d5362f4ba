#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes core/objects/kernel_types.gen.cc: the BTF of kernel_types.bpf.c, that
is what a kernel of ours has as its own types.

What clang adds for objects goes: source lines, the variable, its section.
"""

import pathlib
import struct
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = "core/objects/kernel_types.bpf.c"
OUTPUT = "core/objects/kernel_types.gen.cc"
CLANG = ["clang-19", "--target=bpf", "-O2", "-g", "-c"]

(INT, POINTER, ARRAY, STRUCT, UNION, ENUM, FORWARD, TYPEDEF, VOLATILE, CONST,
 RESTRICT, FUNCTION, PROTOTYPE, VARIABLE, SECTION) = range(1, 16)
REFERS = {POINTER, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNCTION, VARIABLE}
# For each kind the words of what follows a type, once for each of its members
# or once at all; and which of them are names and which are types.
TAIL = {
    INT: (1, False, (), ()),
    ARRAY: (3, False, (), (0, 1)),
    STRUCT: (3, True, (0,), (1,)),
    UNION: (3, True, (0,), (1,)),
    ENUM: (2, True, (0,), ()),
    PROTOTYPE: (2, True, (0,), (1,)),
    VARIABLE: (1, False, (), ()),
    SECTION: (3, True, (), (0,)),
}
MAGIC = 0xEB9F


class Type:
    """A type: its words, and which of them are names and ids."""

    def __init__(self, words):
        self.words = words
        self.kind = words[1] >> 24 & 31
        self.names = [0]
        self.types = [2] if self.kind in REFERS | {PROTOTYPE} else []
        size, repeats, names, types = TAIL.get(self.kind, (0, False, (), ()))
        count = (words[1] & 0xFFFF) if repeats else 1
        self.length = 3 + size * count
        for i in range(count if size else 0):
            self.names += [3 + size * i + n for n in names]
            self.types += [3 + size * i + t for t in types]


def section(elf, wanted):
    """The bytes of a section of a little-endian ELF64 file."""
    table, = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + size * i)
               for i in range(count)]
    for name, _, _, _, offset, length in headers:
        start = headers[names][4] + name
        if elf[start:elf.index(b"\0", start)] == wanted:
            return elf[offset:offset + length]
    raise SystemExit("the object has no section " + wanted.decode())


def read_types(btf):
    """The types of a BTF (from id 1 on), and its strings."""
    magic, _, _, header, type_at, type_size, text_at, text_size = (
        struct.unpack_from("<HBBIIIII", btf))
    if magic != MAGIC:
        raise SystemExit("no BTF")
    words = struct.unpack_from("<%dI" % (type_size // 4), btf, header + type_at)
    types = []
    while words:
        length = Type(list(words)).length
        types.append(Type(list(words[:length])))
        words = words[length:]
    text = btf[header + text_at:header + text_at + text_size]
    return types, text


def condense(btf):
    """The BTF without what only objects have."""
    types, text = read_types(btf)
    dropped = set()
    for number, one in enumerate(types, 1):
        if one.kind in (VARIABLE, SECTION):
            dropped.add(number)
        if one.kind == VARIABLE:
            dropped.add(one.words[2])  # the struct that only it has
    number_of = {0: 0}
    for number in range(1, len(types) + 1):
        if number not in dropped:
            number_of[number] = len(number_of)
    strings, offsets = b"\0", {b"": 0}
    words = []
    for number, one in enumerate(types, 1):
        if number in dropped:
            continue
        if one.kind == FUNCTION:
            one.words[1] &= ~0xFFFF  # as in a kernel's: of no linkage
        for at in one.types:
            one.words[at] = number_of[one.words[at]]
        for at in one.names:
            name = text[one.words[at]:text.index(b"\0", one.words[at])]
            if name not in offsets:
                offsets[name] = len(strings)
                strings += name + b"\0"
            one.words[at] = offsets[name]
        words += one.words
    size = 4 * len(words)
    return struct.pack("<HBBIIIII%dI" % len(words), MAGIC, 1, 0, 24, 0, size,
                       size, len(strings), *words) + strings


def source_of(btf):
    """The C++ file that holds it."""
    lines = [", ".join("0x%02x" % byte for byte in btf[i:i + 12]) + ","
             for i in range(0, len(btf), 12)]
    return """// SPDX-License-Identifier: MIT
//
// The BTF of kernel_types.bpf.c, made by tools/kernel_types.py. Never edited.
#include "core/objects/kernel_types.h"

namespace ebpf {
namespace {

// clang-format off
alignas(8) constexpr uint8_t kBytes[] = {
    %s
};
// clang-format on

}  // namespace

ConstBytes KernelTypes() { return kBytes; }

}  // namespace ebpf
""" % "\n    ".join(lines)


def source_of_object(path):
    return source_of(condense(section(pathlib.Path(path).read_bytes(),
                                      b".BTF")))


def main():
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / "kernel_types.o"
        subprocess.run(CLANG + [str(ROOT / SOURCE), "-o", str(made)],
                       check=True)
        (ROOT / OUTPUT).write_text(source_of_object(made))


if __name__ == "__main__":
    main()
