#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the symbol blob of a kernel from its ELF file.

    ksym.py KERNEL.elf -o KERNEL.ksym        writes the blob
    ksym.py KERNEL.elf --check KERNEL.ksym   fails unless it would be the same

core/symbols/README.md describes the blob. A kernel is linked twice: first with
an empty table, then with the blob of the first link in a section that moves
nothing else; --check proves that it did not, and that section .ksym, if there
is one, has this blob.
"""

import argparse
import collections
import struct
import sys

ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
BLOB_HEADER = struct.Struct("<8sIIQII")
BLOB_BLOCK = struct.Struct("<II")
BLOCK_SIZE = 16
MAX_NAME = 4096
MAX_TOKEN = 64

SHT_SYMTAB = 2
SHF_EXECINSTR = 4
STT_FUNC = 2
SHN_LORESERVE = 0xFF00


class BadFile(Exception):
    """The file is no kernel that this tool can read."""


def sections(elf):
    """Every section header, as a tuple of SECTION."""
    if len(elf) < ELF_HEADER.size or elf[:6] != b"\x7fELF\x02\x01":
        raise BadFile("not a little-endian 64-bit ELF file")
    header = ELF_HEADER.unpack_from(elf)
    offset, entry_size, count = header[6], header[11], header[12]
    if entry_size != SECTION.size or offset + count * entry_size > len(elf):
        raise BadFile("bad section headers")
    return [SECTION.unpack_from(elf, offset + i * entry_size) for i in range(count)]


def string_at(table, at):
    """The string at `at` of a string table; empty where it has no end in it."""
    end = table.find(b"\0", at)
    return table[at:end] if 0 <= at < end else b""


def functions(elf):
    """(address, size or 0, name) of each function, unordered, without doubles."""
    headers = sections(elf)
    tables = [h for h in headers if h[1] == SHT_SYMTAB]
    if not tables:
        raise BadFile("no symbol table: the file is stripped")
    found = set()
    for table in tables:
        offset, size, link = table[4], table[5], table[6]
        if link >= len(headers) or offset + size > len(elf):
            raise BadFile("bad symbol table")
        names_at, names_size = headers[link][4], headers[link][5]
        names = elf[names_at : names_at + names_size]
        for at in range(offset, offset + size - SYMBOL.size + 1, SYMBOL.size):
            name, info, _, section, value, length = SYMBOL.unpack_from(elf, at)
            if info & 15 != STT_FUNC or not 0 < section < SHN_LORESERVE:
                continue
            if section >= len(headers) or not headers[section][2] & SHF_EXECINSTR:
                continue
            text = string_at(names, name)
            if len(text) > MAX_NAME:
                print(f"left out, for its name's length: {text[:60]!r}...", file=sys.stderr)
            elif text:
                found.add((value, length, text))
    return found


def arrange(found, text_end):
    """Sorted by address and name; sizes filled in, and cut where they overlap."""
    by_address = {}
    for address, size, name in found:
        entry = by_address.setdefault(address, [0, set()])
        entry[0] = max(entry[0], size)
        entry[1].add(name)
    starts = sorted(by_address)
    result = []
    for i, address in enumerate(starts):
        size, names = by_address[address]
        next_start = starts[i + 1] if i + 1 < len(starts) else text_end
        room = next_start - address
        size = min(size or room, room)
        if size > 0:
            result += [(address, size, name) for name in sorted(names)]
    return result


def number(value):
    """Seven bits a byte, the lowest first; the last byte is below 128."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def shared_size(name, last):
    """How many characters `name` begins as `last` does."""
    size = 0
    for a, b in zip(name, last):
        if a != b:
            break
        size += 1
    return size


def tokenize(pieces):
    """`pieces` with frequent runs of characters as one code each, and the 256
    texts of the codes, empty where there is none. A character that occurs is
    its own code; the codes that are left over are given, again and again, to
    the most frequent pairs of codes."""
    text = b"\0" + b"\0".join(pieces) + b"\0"  # no name has a zero
    tokens = [bytes([code]) if code and code in text else b"" for code in range(256)]
    free = [code for code in range(1, 256) if not tokens[code]]
    while free:
        counts = collections.Counter(zip(text, text[1:]))
        touched = set()
        for (a, b), count in counts.most_common(64):
            if not free or len(touched) >= 12 or count < 4:
                break
            joined = tokens[a] + tokens[b]
            # Pairs that overlap with one just replaced were counted before.
            if not a or not b or {a, b} & touched or len(joined) > MAX_TOKEN:
                continue
            code = free.pop(0)
            tokens[code] = joined
            text = text.replace(bytes([a, b]), bytes([code]))
            touched |= {a, b, code}
        if not touched:
            break
    return text[1:-1].split(b"\0"), tokens


def make_records(entries, shared, codes, base):
    """The blocks and the records: per function its place and name."""
    blocks = []
    records = bytearray()
    last = None
    for i, (address, size, _) in enumerate(entries):
        if i % BLOCK_SIZE == 0:
            blocks.append(BLOB_BLOCK.pack(address - base, len(records)))
            records += number(size)
        elif last == (address, size):
            records += number(0) + number(shared[i])
        else:
            records += number(address - sum(last) + 1) + number(size) + number(shared[i])
        records += number(len(codes[i])) + codes[i]
        last = (address, size)
    return b"".join(blocks), bytes(records)


def make_blob(elf):
    """The bytes of the blob."""
    found = functions(elf)
    text_end = max((h[3] + h[5] for h in sections(elf) if h[2] & SHF_EXECINSTR), default=0)
    entries = arrange(found, text_end)
    base = entries[0][0] if entries else 0
    if entries and sum(entries[-1][:2]) - base >= 1 << 32:
        raise BadFile("functions more than 4 GiB apart")
    if len(entries) > 1 << 24:
        raise BadFile("more than 16 million functions")
    names = [name for _, _, name in entries]
    shared = [shared_size(name, names[i - 1]) if i % BLOCK_SIZE else 0 for i, name in enumerate(names)]
    pieces, tokens = tokenize([name[size:] for name, size in zip(names, shared)])
    blocks, records = make_records(entries, shared, pieces, base)
    ends = []
    for token in tokens:
        ends.append((ends[-1] if ends else 0) + len(token))
    order = sorted(range(len(entries)), key=lambda i: (names[i], i))
    header = BLOB_HEADER.pack(b"EBPFKSYM", 2, len(entries), base, ends[-1], len(records))
    by_name = b"".join(i.to_bytes(3, "little") for i in order)
    return header + struct.pack("<256H", *ends) + blocks + by_name + b"".join(tokens) + records


def embedded(elf):
    """The bytes of section .ksym; None if there is no such section."""
    headers = sections(elf)
    strings_index = ELF_HEADER.unpack_from(elf)[13]
    if strings_index >= len(headers):
        raise BadFile("bad section names")
    strings = headers[strings_index]
    names = elf[strings[4] : strings[4] + strings[5]]
    for header in headers:
        if string_at(names, header[0]) == b".ksym":
            return elf[header[4] : header[4] + header[5]]
    return None


def check(elf, blob, wanted):
    """What is wrong with `wanted`, the blob of the first link, or None."""
    if wanted != blob:
        return "the second link moved code"
    inside = embedded(elf)
    if inside is not None and inside[: len(blob)] != blob:
        return "another blob was linked in"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("elf")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("-o", "--output")
    action.add_argument("--check", metavar="BLOB")
    arguments = parser.parse_args()
    with open(arguments.elf, "rb") as file:
        elf = file.read()
    problem = None
    try:
        blob = make_blob(elf)
        if arguments.check:
            with open(arguments.check, "rb") as file:
                problem = check(elf, blob, file.read())
    except BadFile as error:
        sys.exit(f"{arguments.elf}: {error}")
    if arguments.output:
        with open(arguments.output, "wb") as file:
            file.write(blob)
    if problem:
        sys.exit(f"{arguments.check}: not the symbols of {arguments.elf}: {problem}")


if __name__ == "__main__":
    main()
