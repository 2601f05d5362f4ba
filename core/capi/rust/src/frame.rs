// SPDX-License-Identifier: MIT
//! Linux's `struct pt_regs` of each CPU: the context of a kprobe program, and
//! what a kernel converts its trap frame to, and all of it back.
//!
//! `arch/<isa>/pt_regs.h` has the same in C++. All three are here on every CPU,
//! so that their layouts are pinned on every host; [`PtRegs`] is this CPU's.

use core::mem::{offset_of, size_of};

/// In the order in which Linux's entry code stores the registers.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct X86_64 {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    /// An error code in some traps; nobody here looks.
    pub orig_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

/// Linux's `struct user_pt_regs`, with which its pt_regs begins.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Aarch64 {
    pub x: [u64; 31],
    pub sp: u64,
    pub pc: u64,
    pub pstate: u64,
}

/// pc, then x1 to x31, then what Linux adds.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Riscv64 {
    pub epc: u64,
    /// `x[i]` is register i + 1: ra, sp, gp, tp, t0 and so on.
    pub x: [u64; 31],
    pub status: u64,
    pub badaddr: u64,
    pub cause: u64,
    pub orig_a0: u64,
}

/// This CPU's.
#[cfg(target_arch = "x86_64")]
pub type PtRegs = X86_64;
/// This CPU's.
#[cfg(target_arch = "aarch64")]
pub type PtRegs = Aarch64;
/// This CPU's.
#[cfg(target_arch = "riscv64")]
pub type PtRegs = Riscv64;

const _: () = {
    assert!(size_of::<X86_64>() == 168);
    assert!(offset_of!(X86_64, r12) == 24);
    assert!(offset_of!(X86_64, rbp) == 32);
    assert!(offset_of!(X86_64, r11) == 48);
    assert!(offset_of!(X86_64, rax) == 80);
    assert!(offset_of!(X86_64, rdi) == 112);
    assert!(offset_of!(X86_64, orig_rax) == 120);
    assert!(offset_of!(X86_64, rip) == 128);
    assert!(offset_of!(X86_64, rflags) == 144);
    assert!(offset_of!(X86_64, rsp) == 152);
    assert!(offset_of!(X86_64, ss) == 160);
    assert!(size_of::<Aarch64>() == 272);
    assert!(offset_of!(Aarch64, sp) == 248);
    assert!(offset_of!(Aarch64, pc) == 256);
    assert!(offset_of!(Aarch64, pstate) == 264);
    assert!(size_of::<Riscv64>() == 288);
    assert!(offset_of!(Riscv64, x) == 8);
    assert!(offset_of!(Riscv64, status) == 256);
    assert!(offset_of!(Riscv64, orig_a0) == 280);
};
