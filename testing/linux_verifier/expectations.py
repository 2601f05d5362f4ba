# SPDX-License-Identifier: MIT
"""What Linux's verifier tests expect of each program of an object: decl tags
on functions in its BTF (tools/testing/selftests/bpf/progs/bpf_misc.h tells
what they mean)."""

import dataclasses
import re
import struct

PREFIX = "comment:test_"

FLAGS = {
    "BPF_F_STRICT_ALIGNMENT": 1 << 0,
    "BPF_F_ANY_ALIGNMENT": 1 << 1,
    "BPF_F_TEST_RND_HI32": 1 << 2,
    "BPF_F_TEST_STATE_FREQ": 1 << 3,
    "BPF_F_SLEEPABLE": 1 << 4,
    "BPF_F_XDP_HAS_FRAGS": 1 << 5,
    "BPF_F_TEST_REG_INVARIANTS": 1 << 7,
}
# What the kernel's own runner sets for each program unless a tag clears it.
DEFAULT_FLAGS = FLAGS["BPF_F_TEST_RND_HI32"] | FLAGS["BPF_F_TEST_REG_INVARIANTS"]

KIND_FUNC = 12
KIND_DECL_TAG = 17
# Bytes behind a type's header: fixed, and for each of its members.
TAILS = {1: (4, 0), 2: (0, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8),
         7: (0, 0), 8: (0, 0), 9: (0, 0), 10: (0, 0), 11: (0, 0), 12: (0, 0),
         13: (0, 8), 14: (4, 0), 15: (0, 12), 16: (0, 0), 17: (4, 0),
         18: (0, 0), 19: (0, 12)}


class Malformed(Exception):
    """The object has no BTF that this file understands."""


@dataclasses.dataclass
class Expectation:
    """Of one program."""
    program: str
    success: bool = True
    messages: list = dataclasses.field(default_factory=list)
    flags: int = DEFAULT_FLAGS
    log_level: int = 0
    # The kernel's runner only loads it for the sake of others.
    auxiliary: bool = False
    # Architectures whose machine code it looks at; empty: none.
    architectures: set = dataclasses.field(default_factory=set)
    retval: str = ""
    # The test whose object has the types that CO-RE relocates for.
    core_types: str = ""
    description: str = ""


def sections(elf):
    """{name: (number, bytes)} of an ELF file, but for sections without a
    place in it."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise Malformed("no 64-bit little-endian ELF file")
    offset, = struct.unpack_from("<Q", elf, 40)
    count, names_at = struct.unpack_from("<HH", elf, 60)
    headers = [struct.unpack_from("<IIQQQQ", elf, offset + 64 * i)
               for i in range(count)]
    names = headers[names_at][4]
    found = {}
    for number, header in enumerate(headers):
        start = names + header[0]
        name = elf[start:elf.index(b"\0", start)].decode()
        found[name] = (number, elf[header[4]:header[4] + header[5]])
    return found


def programs(found):
    """Names of the functions that are programs, in the order of the symbols:
    those outside of .text."""
    text = found.get(".text", (0, b""))[0]
    table, names = found[".symtab"][1], found[".strtab"][1]
    result = []
    for at in range(0, len(table), 24):
        name, info, _, number = struct.unpack_from("<IBBH", table, at)
        if info & 15 == 2 and number not in (0, text) and number < 0xff00:
            result.append(names[name:names.index(b"\0", name)].decode())
    return result


def functions_and_tags(btf):
    """{id: name} of functions and [(type, component, text)] of decl tags."""
    header_size, type_offset, type_size, string_offset, string_size = (
        struct.unpack_from("<IIIII", btf, 4))
    types = btf[header_size + type_offset:][:type_size]
    strings = btf[header_size + string_offset:][:string_size]

    def text(at):
        return strings[at:strings.index(b"\0", at)].decode(errors="replace")

    functions = {}
    tags = []
    at = 0
    number = 1
    while at < len(types):
        name, info, kind_type = struct.unpack_from("<III", types, at)
        kind = info >> 24 & 0x1f
        if kind not in TAILS:
            raise Malformed(f"BTF kind {kind}")
        if kind == KIND_FUNC:
            functions[number] = text(name)
        elif kind == KIND_DECL_TAG:
            component, = struct.unpack_from("<i", types, at + 12)
            tags.append((kind_type, component, text(name)))
        fixed, each = TAILS[kind]
        at += 12 + fixed + each * (info & 0xffff)
        number += 1
    return functions, tags


def parse_flags(value, flags):
    """`flags` with the one of a tag set, or cleared where it begins with "!"."""
    clear = value.startswith("!")
    name = value.lstrip("!")
    bit = FLAGS[name] if name in FLAGS else int(name, 0)
    return flags & ~bit if clear else flags | bit


def apply_tag(expectation, tag):
    """Takes one tag's meaning over. Its order among others does not matter,
    but for messages, which carry a number."""
    name, _, value = tag[len(PREFIX):].partition("=")
    if name == "expect_success":
        expectation.success = True
    elif name == "expect_failure":
        expectation.success = False
    elif name in ("expect_msg", "expect_regex"):
        number, _, message = value.partition("=")
        expectation.messages.append((int(number), message))
    elif name == "retval":
        expectation.retval = value
    elif name == "prog_flags":
        expectation.flags = parse_flags(value, expectation.flags)
    elif name == "log_level":
        expectation.log_level = int(value, 0)
    elif name == "arch":
        expectation.architectures.add(value)
    elif name == "description":
        expectation.description = value
    elif name == "btf_path":
        expectation.core_types = value.split(".")[0]
    elif name in ("auxiliary", "auxiliary_unpriv"):
        expectation.auxiliary = True


def read(path):
    """An Expectation for each program of an object: what is expected of it
    without a word is that it loads. Nothing is left out: what the kernel's
    runner loads only for others, or only for the unprivileged (whose tags are
    not looked at), or on another CPU, must load too."""
    with open(path, "rb") as file:
        found = sections(file.read())
    if ".BTF" not in found:
        raise Malformed("no BTF")
    functions, tags = functions_and_tags(found[".BTF"][1])
    result = {name: Expectation(name) for name in programs(found)}
    for target, component, text in tags:
        name = functions.get(target)
        if component == -1 and name in result and text.startswith(PREFIX):
            apply_tag(result[name], text)
    for expectation in result.values():
        expectation.messages = [
            message for _, message in sorted(expectation.messages)]
    return list(result.values())


def to_pattern(message):
    """A message as a compiled expression: text, with POSIX extended ones
    between "{{" and "}}"."""
    parts = re.split(r"\{\{(.*?)\}\}", message, flags=re.S)
    for i, part in enumerate(parts):
        parts[i] = (re.sub(r"\[:(\w+):\]", lambda m: POSIX[m.group(1)], part)
                    if i % 2 else re.escape(part))
    return re.compile("".join(parts), re.S)


POSIX = {"digit": r"0-9", "space": r"\s", "alpha": "a-zA-Z",
         "alnum": "a-zA-Z0-9", "xdigit": "0-9a-fA-F", "print": r"\x20-\x7e"}


def missing_message(messages, log):
    """The first message that is not in `log` behind the one before, or None."""
    at = 0
    for message in messages:
        match = to_pattern(message).search(log, at)
        if match is None:
            return message
        at = match.end()
    return None
