// SPDX-License-Identifier: MIT
//! Functions with places and the same without: tools/checks/rust_face.sh compares
//! their machine code. Compiled for kernels' targets, and linked nowhere.
#![no_std]
// A kernel that is compiled by Rust 1.85 or 1.86 says so itself.
#![cfg_attr(ebpf_asm_goto_is_unstable, feature(asm_goto))]

ebpf::tracepoint! {
    /// Of which a place has to make the last two arguments.
    pub struct ThreeWords: places:three_words(a: u64, b: u64, c: u64) {
        a: u64 = a,
    }
    print "\"%llx\", REC->a";
}

ebpf::tracepoint! {
    /// As many arguments as fit into registers.
    pub struct SixWords: places:six_words(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) {}
    print "\"\"";
}

ebpf::tracepoint! {
    /// Without any.
    pub struct Bare: places:bare() {}
    print "\"\"";
}

#[allow(missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn plain_three(a: u64, b: u64, words: &[u64; 3]) -> u64 {
    a.wrapping_mul(b).wrapping_add(words[1])
}

#[allow(missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn place_three(a: u64, b: u64, words: &[u64; 3]) -> u64 {
    ebpf::trace!(
        ThreeWords,
        a,
        b.wrapping_mul(77).wrapping_add(words[0]),
        words[2]
    );
    a.wrapping_mul(b).wrapping_add(words[1])
}

#[allow(missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn plain_six(a: u64, b: u64, words: &[u64; 3]) -> u64 {
    a.wrapping_mul(b).wrapping_add(words[0])
}

#[allow(missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn place_six(a: u64, b: u64, words: &[u64; 3]) -> u64 {
    ebpf::trace!(SixWords, a, b, a ^ b, words[1], words[2], a | b);
    a.wrapping_mul(b).wrapping_add(words[0])
}

#[allow(missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn plain_bare() {}

#[allow(missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn place_bare() {
    ebpf::trace!(Bare);
}
