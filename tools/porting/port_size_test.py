#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of port_size.py."""

import pathlib
import tempfile
import unittest

import port_size
from contract import Service

CODE = """// A comment.

/* More,
   of it. */
void* ebpf_port_alloc(size_t size,
                      size_t align) {
  return ebpf_port_other(size);  // a call
}
"""


class PortSizeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        port = self.root / "ports/rainbow"
        (port / "rust").mkdir(parents=True)
        (self.root / "ports/PORTING.md").write_text("")
        (port / "BUILD").write_text("")
        (port / "README.md").write_text("void ebpf_port_free() {}")
        (port / "memory.cc").write_text(CODE)
        (port / "memory_test.cc").write_text(CODE)
        (port / "rust/glue.rs").write_text("//! Glue.\nfn glue() {}\n")

    def test_counts_what_links_in(self):
        (size,) = port_size.sizes_of(self.root)
        self.assertEqual(size, ("rainbow", 4, 8, 1, 2, frozenset({"ebpf_port_alloc"})))

    def test_of_several_cpus_one_links_in(self):
        for cpu, lines in (("aarch64", 2), ("riscv64", 3)):
            folder = self.root / "ports/rainbow" / cpu
            folder.mkdir()
            (folder / "trap.cc").write_text("int x;\n" * lines)
            (self.root / f"ports/rainbow/rust/{cpu}.rs").write_text("mod x;\n" * lines)
        sizes = port_size.sizes_of(self.root)
        self.assertEqual([(s.port, s.cpp, s.rust) for s in sizes], [("rainbow, aarch64", 6, 3), ("rainbow, riscv64", 7, 4)])

    def test_the_page_says_what_it_is_at_most(self):
        page = f"before\n{port_size.BEGIN}stale\n{port_size.END}after\n{port_size.END}"
        fresh = port_size.with_table(page, [port_size.Size("large", 401, 500, 350, 400, frozenset())])
        self.assertIn("| `large` | 450 | 350 |\n", fresh)
        self.assertNotIn("stale", fresh)
        self.assertTrue(fresh.startswith("before\n") and fresh.endswith(f"{port_size.END}after\n{port_size.END}"))
        self.assertEqual(port_size.with_table(fresh, [port_size.Size("large", 420, 500, 350, 400, frozenset())]), fresh)

    def test_a_page_without_a_place_for_it_is_an_error(self):
        for page in ("", port_size.BEGIN, port_size.END):
            with self.assertRaises(port_size.SizeError):
                port_size.with_table(page, [])

    def test_what_is_too_large_stands_out(self):
        alloc = Service("ebpf_port_alloc", "memory.h", "T0", "", "", "", False)
        sizes = [
            port_size.Size("small", 400, 500, 300, 350, frozenset({"ebpf_port_alloc", "ebpf_port_helper"})),
            port_size.Size("large", 401, 500, 301, 350, frozenset()),
        ]
        table = port_size.table_of(sizes, [alloc])
        self.assertIn("| `small` | 400 | 300 | 500 + 350 | 1 | 1 |", table)
        self.assertIn("| `large` | **401** | **301** | 500 + 350 | 0 | 0 |", table)


if __name__ == "__main__":
    unittest.main()
