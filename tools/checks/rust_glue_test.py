#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of rust_glue.py."""

import unittest

import rust_glue

_STUB = """
pub fn plain() {}
pub(crate) fn crates(one: u32, two: &mut [u8]) -> u32 { own() }
fn own() -> u32 { 0 }
pub unsafe fn of_functions(call: fn(u8, u8), last: u8) {}
/// For the tests.
#[allow(x)]
pub fn helper(at: usize) {}
pub trait Asked {
    fn method(
        &self, offset: usize,
    ) -> bool;
}
impl Asked for Stub {
    fn method(&self, offset: usize) -> bool { true }
}
impl Stub {
    pub const fn new<T>(value: T) -> Self { Self }
}
"""


class RustGlueTest(unittest.TestCase):
    def test_each_signature_of_the_kernel_is_changed_alone(self):
        changed = dict(rust_glue.signatures(_STUB))
        self.assertEqual(sorted(changed), ["crates", "method", "new", "of_functions", "plain"])
        for name, begin in [
            ("plain", "pub fn plain(_changed: (u8, u8)) {}"),
            ("crates", "fn crates(one: u32, two: &mut [u8], _changed: (u8, u8)) -> u32"),
            ("of_functions", "fn of_functions(call: fn(u8, u8), last: u8, _changed: (u8, u8)) {}"),
            ("method", "&self, offset: usize, _changed: (u8, u8)) -> bool;"),
            ("new", "fn new<T>(value: T, _changed: (u8, u8)) -> Self"),
        ]:
            self.assertIn(begin, changed[name])
            self.assertEqual(changed[name].count("_changed"), 1)

    def test_functions_are_counted_by_their_parameters(self):
        header = """
        struct toy_range toy_text(void);
        struct toy_range { int begin; };
        bool toy_kthread(const char* name, int (*body)(void* argument, int),
                         void* argument);
        """
        self.assertEqual(rust_glue.functions(header, r"(?<!struct )\b(toy_\w+)\("), {"toy_text": 0, "toy_kthread": 3})
        glue = "fn toy_text() -> Range {} fn toy_kthread(\n name: *const u8,\n body: extern fn(u8, u8),\n a: u8,\n) {}"
        self.assertEqual(rust_glue.functions(glue, r"\bfn (toy_\w+)\("), {"toy_text": 0, "toy_kthread": 3})


if __name__ == "__main__":
    unittest.main()
