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

    def test_a_glue_has_what_it_names_of_the_faces(self):
        face = "fn ebpf_port_one(size: usize) {}\nfn ebpf_port_two() -> u32 {}\n"
        glue = "ebpf::export_port_functions_of_rust!(ebpf_port_two ebpf_port_none);\nfn ebpf_port_own() -> ! {}\n"
        given = rust_glue.contract_of(glue, face)
        self.assertEqual(given, {"ebpf_port_two": ["u32"], "ebpf_port_none": None, "ebpf_port_own": ["!"]})

    def test_both_languages_have_the_same_kinds(self):
        header = """
        struct toy_range { int begin; };
        struct toy_range toy_text(void);

        bool toy_kthread(const char* name, int (*body)(void* argument, int),
                         void* argument);
        [[noreturn]] void toy_panic(const char* text, size_t size);
        void* toy_alloc(size_t size, uint32_t align);
        uint64_t toy_time();
        """
        glue = """
        fn toy_text() -> Range { Range {} }
        fn toy_kthread(
            name: *const c_char,
            body: extern "C" fn(*mut c_void, c_int) -> c_int,
            argument: *mut c_void,
        ) -> bool { true }
        fn toy_panic(text: *const u8, size: usize) -> ! { panic!() }
        fn toy_alloc(size: usize, align: u32) -> *mut u8 { null() }
        fn toy_time() -> u64 { 0 }
        """
        wanted = {
            "toy_text": ["struct"],
            "toy_kthread": ["pointer", "function", "pointer", "bool"],
            "toy_panic": ["pointer", "usize", "!"],
            "toy_alloc": ["usize", "u32", "pointer"],
            "toy_time": ["u64"],
        }
        self.assertEqual(rust_glue.c_functions(header, "toy"), wanted)
        self.assertEqual(rust_glue.rust_functions(glue, "toy"), wanted)


if __name__ == "__main__":
    unittest.main()
