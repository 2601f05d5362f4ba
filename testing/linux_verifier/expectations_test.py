# SPDX-License-Identifier: MIT
"""Tests of expectations.py, on objects that the tests make themselves."""

import os
import struct
import tempfile
import unittest

import expectations
from expectations import Expectation, apply_tag, missing_message


def elf(sections, symbols):
    """An ELF file of {name: bytes}; symbols: (name, section's name)."""
    names = [""] + list(sections) + [".symtab", ".strtab", ".shstrtab"]
    strings = b"\0"
    table = b"\0" * 24
    for name, section in symbols:
        table += struct.pack("<IBBHQQ", len(strings), 2, 0, names.index(section), 0, 8)
        strings += name.encode() + b"\0"
    shstrings = b""
    offsets = []
    for name in names:
        offsets.append(len(shstrings))
        shstrings += name.encode() + b"\0"
    bodies = [b"", *sections.values(), table, strings, shstrings]
    data = b""
    headers = b""
    for offset, body in zip(offsets, bodies):
        headers += struct.pack("<IIQQQQIIQQ", offset, 1, 0, 0, 64 + len(data), len(body),
                               0, 0, 1, 0)
        data += body
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", 1, 247, 1, 0, 0, 64 + len(data), 0, 64, 0, 0,
                        64, len(names), len(names) - 1)
    return head + data + headers


def btf(functions):
    """A BTF of {function: [tags]}."""
    strings = b"\0"
    types = struct.pack("<III", 0, 13 << 24, 0)  # 1: void (void)
    number = 2

    def name(text):
        nonlocal strings
        strings += text.encode() + b"\0"
        return len(strings) - len(text) - 1

    for function, tags in functions.items():
        types += struct.pack("<III", name(function), 12 << 24 | 1, 1)
        target = number
        number += 1
        for tag in tags:
            types += struct.pack("<IIIi", name(tag), 17 << 24, target, -1)
            number += 1
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types),
                       len(strings)) + types + strings


class ReadTest(unittest.TestCase):
    def read(self, data):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.o")
            with open(path, "wb") as file:
                file.write(data)
            return expectations.read(path)

    def test_programs_are_the_functions_outside_of_text(self):
        found = self.read(elf(
            {".text": b"12345678", "xdp": b"12345678",
             ".BTF": btf({"helper": ["comment:test_expect_failure"],
                          "program": ["comment:test_expect_failure",
                                      "comment:test_expect_msg=2=second",
                                      "comment:test_expect_msg=1=first"]})},
            [("helper", ".text"), ("program", "xdp"), ("untold", "xdp")]))
        self.assertEqual([e.program for e in found], ["program", "untold"])
        self.assertFalse(found[0].success)
        self.assertEqual(found[0].messages, ["first", "second"])
        self.assertTrue(found[1].success)
        self.assertEqual(found[1].messages, [])

    def test_what_has_no_types_is_malformed(self):
        with self.assertRaises(expectations.Malformed):
            self.read(b"no ELF file")
        with self.assertRaises(expectations.Malformed):
            self.read(elf({"xdp": b""}, []))


class TagTest(unittest.TestCase):
    def apply(self, *tags):
        expectation = Expectation("p")
        for tag in tags:
            apply_tag(expectation, "comment:test_" + tag)
        return expectation

    def test_without_a_tag_a_program_is_accepted_with_the_runners_flags(self):
        expectation = self.apply()
        self.assertTrue(expectation.success)
        self.assertEqual(expectation.flags, 0x84)

    def test_flags_are_set_and_cleared(self):
        self.assertEqual(self.apply("prog_flags=BPF_F_TEST_STATE_FREQ").flags, 0x8C)
        self.assertEqual(self.apply("prog_flags=!BPF_F_TEST_REG_INVARIANTS").flags, 0x04)
        self.assertEqual(self.apply("prog_flags=0x10").flags, 0x94)

    def test_levels_types_and_architectures_are_read(self):
        expectation = self.apply("log_level=2", "arch=X86_64", "retval=7",
                                 "btf_path=btf__other.bpf.o", "auxiliary")
        self.assertEqual(expectation.log_level, 2)
        self.assertEqual(expectation.architectures, {"X86_64"})
        self.assertEqual(expectation.retval, "7")
        self.assertEqual(expectation.core_types, "btf__other")
        self.assertTrue(expectation.auxiliary)

    def test_what_is_for_the_unprivileged_changes_nothing(self):
        self.assertEqual(
            self.apply("expect_failure_unpriv", "expect_msg_unpriv=1=x", "retval_unpriv=1"),
            Expectation("p"))


class MessageTest(unittest.TestCase):
    def test_messages_come_one_behind_the_other(self):
        log = "first line\nsecond line\n"
        self.assertIsNone(missing_message(["first", "second"], log))
        self.assertEqual(missing_message(["second", "first"], log), "first")
        self.assertEqual(missing_message(["line", "line", "line"], log), "line")
        self.assertIsNone(missing_message([], ""))

    def test_text_is_taken_literally_but_between_braces(self):
        self.assertIsNone(missing_message(["R1 *(u8)"], "R1 *(u8)"))
        self.assertIsNotNone(missing_message(["R. x"], "R1 x"))
        self.assertIsNone(missing_message(["R{{[0-9]+}} x.y"], "R17 x.y"))
        self.assertIsNotNone(missing_message(["R{{[0-9]+}} x.y"], "R17 xzy"))
        self.assertIsNone(missing_message(["a{{[[:space:]]+}}b"], "a \tb"))


if __name__ == "__main__":
    unittest.main()
