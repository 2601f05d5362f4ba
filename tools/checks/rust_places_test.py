#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of rust_places.py."""

import unittest

from rust_places import functions_of, problems, section_problems

LISTING = """
place.o:	file format elf64-littleaarch64

0000000000000000 <plain_{name}>:
       0: f9400448     	ldr	x8, [x2, #0x8]
       4: d65f03c0     	ret

0000000000000000 <place_{name}>:
{place}       8: d65f03c0     	ret
       c: d503201f     	nop

0000000000000000 <another>:
       0: d503201f     	nop
"""
NOP = "       0: d503201f     	nop\n"
LOAD = "       4: f9400448     	ldr	x8, [x2, #0x8]\n"
SECTIONS = """
  [ 4] ebpf_tracepoints  PROGBITS 0000000000000000 000040 {size} 00 WA{kept}  0   0  8
  [ 5] .relaebpf_tracepoints RELA 0000000000000000 000800 000048 18   I 43   3  8
  [ 9] ebpf_static_sites PROGBITS 0000000000000000 0000d0 000030 00  A{kept}  0   0  8
"""


def found_in(place):
    text = "".join(LISTING.format(name=n, place=place) for n in ("a", "b", "c"))
    return list(problems(functions_of(text)))


class RustPlacesTest(unittest.TestCase):
    def test_one_noop_more_is_all(self):
        self.assertEqual(found_in(NOP + LOAD), [])

    def test_a_load_more_is_told(self):
        self.assertIn("place_a is nop ldr ldr ret instead of ldr ret", found_in(NOP + LOAD + LOAD)[0])

    def test_a_place_without_a_noop_is_told(self):
        self.assertEqual(found_in(LOAD)[0], "place_a has 0 no-ops")

    def test_too_few_places_are_told(self):
        self.assertEqual(list(problems({})), ["there are 0 places instead of 3"])

    def test_noops_of_other_cpus_are_known(self):
        x86_64 = "0 <place_a>:\n       3: 0f 1f 44 00 00               	nopl	(%rax,%rax)\n"
        riscv64 = "0 <place_b>:\n       0: 00000013     	nop\n"
        functions = functions_of(x86_64 + riscv64)
        self.assertEqual(functions["place_a"], [("0f 1f 44 00 00", "nopl")])
        self.assertEqual(functions["place_b"], [("00000013", "nop")])

    def test_sections_have_an_entry_of_each_and_are_kept(self):
        kept = SECTIONS.format(size="000018", kept="R")
        self.assertEqual(list(section_problems(kept, 3)), [])
        self.assertEqual(len(list(section_problems(kept, 2))), 2)
        lost = SECTIONS.format(size="000018", kept="")
        self.assertIn("ebpf_static_sites has flags A", list(section_problems(lost, 3)))


if __name__ == "__main__":
    unittest.main()
