#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of rust_link.py: what it reads."""

import pathlib
import tempfile
import unittest

import rust_link

_README = """
**1. The folder.** In `Cargo.toml`:

    ebpf-toy = { path = "ebpf" }

    make -C ebpf -s CXX=clang++-19 O=$PWD/ebpf-out      # before cargo
    EBPF_ARCHIVE=ebpf-out/libebpf.a cargo ...           # builds none

each `ld` gets, in front of `libtoy.a`,
`--whole-archive ../ebpf-out/libebpf.a --no-whole-archive`, and the script
`__start_ebpf_noprobe = .; *(ebpf_noprobe) __stop_ebpf_noprobe = .;`.

    #[path = "../ebpf/ports/toy/rust/glue.rs"]
    mod ebpf_glue;
    mod ebpf_fill_in;

and `cp ebpf/ports/toy/rust/fill_in.rs src/ebpf_fill_in.rs`, which is yours.
"""

_GNU_MAP = """
 .text          0xffff800000108000       0x10 ../libebpf.a(first.cc.o)
 *fill*         0xffff800000108010        0x8
 .text.ebpf_port_capable
                0xffff800000108018       0x20 /a b/libtoy.a(toy-1.rcgu.o)
                0xffff800000108018                ebpf_port_capable
 .text.empty    0xffff800000108038        0x0 ../libebpf.a(empty.cc.o)
 .bss           0xffff800000109000        0x4 loose.o
"""

_LLD_MAP = """
             VMA              LMA     Size Align Out     In      Symbol
ffff800000108000 ffff800000108000       30    64 .text
ffff800000108000 ffff800000108000       10     1         ../libebpf.a(first.cc.o):(.text)
ffff800000108000 ffff800000108000        0     1                 first
ffff800000108018 ffff800000108018       20     4         /a b/libtoy.a(toy-1.rcgu.o):(.text.ebpf_port_capable)
ffff800000108018 ffff800000108018       20     1                 ebpf_port_capable
"""


def image_of(text):
    """An image of which nothing but the map is there."""
    image = object.__new__(rust_link.Image)
    image.pieces = sorted(image._pieces(text))
    image.sections = {}
    image.symbols = {"_text": 0xFFFF800000108000, "_etext": 0xFFFF800000108020}
    return image


class RustLinkTest(unittest.TestCase):
    def test_the_readmes_lines_are_found(self):
        readme = rust_link.Readme(_README, "it")
        self.assertEqual(readme.dependency(), 'ebpf-toy = { path = "ebpf" }')
        self.assertEqual(readme.make(), "make -C ebpf -s CXX=clang++-19 O=$PWD/ebpf-out")
        self.assertEqual(readme.archive(), "EBPF_ARCHIVE=ebpf-out/libebpf.a")
        self.assertEqual(readme.whole()[1], "../ebpf-out/libebpf.a")
        self.assertEqual(readme.in_text().split()[0], "__start_ebpf_noprobe")
        self.assertEqual(readme.modules().splitlines()[1:], ["mod ebpf_glue;", "mod ebpf_fill_in;"])
        self.assertEqual(readme.fill_in(), "cp ebpf/ports/toy/rust/fill_in.rs src/ebpf_fill_in.rs")

    def test_a_line_that_is_gone_is_a_failure(self):
        readme = rust_link.Readme(_README.replace("--whole-archive ", ""), "it")
        with self.assertRaisesRegex(rust_link.Failure, "it has no line like .*whole-archive"):
            readme.whole()

    def test_both_linkers_maps_tell_who_has_an_address(self):
        for text in (_GNU_MAP, _LLD_MAP):
            image = image_of(text)
            self.assertEqual(len(image.pieces), 2)
            owner = image.owner(0xFFFF800000108018)
            self.assertEqual((owner.archive, owner.member), ("libtoy.a", "toy-1.rcgu.o"))
            self.assertEqual(owner.section, ".text.ebpf_port_capable")
            self.assertIsNone(image.owner(0xFFFF800000108010))

    def test_what_ends_behind_its_range_is_not_within(self):
        image = image_of(_GNU_MAP)
        self.assertTrue(image.within(image.pieces[0], [("_text", "_etext")]))
        self.assertFalse(image.within(image.pieces[1], [("_text", "_etext")]))

    def test_warnings_of_the_folder_are_found(self):
        said = "warning: unused `x`\n  --> src/../ebpf/ports/toy/glue.rs:4:5\n   |\n\nwarning: dead\n  --> src/stub.rs:1:1\n"
        self.assertEqual(rust_link.warnings_of(said), ["unused `x`: ports/toy/glue.rs:4:5"])
        self.assertEqual(rust_link.warnings_of("    Finished `release` profile"), [])

    def test_a_file_that_says_the_same_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "lib.rs"
            rust_link.write(path, "a")
            before = path.stat().st_mtime_ns
            rust_link.write(path, "a")
            self.assertEqual(path.stat().st_mtime_ns, before)
            rust_link.write(path, "b")
            self.assertEqual(path.read_text(encoding="utf-8"), "b")


if __name__ == "__main__":
    unittest.main()
