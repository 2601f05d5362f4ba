// SPDX-License-Identifier: MIT
//! Places of tracepoints on AArch64: a NOP, or a jump.

use core::arch::asm;

use super::Tracepoint;

/// `return true` from the function around it where `$key` is enabled: in the text
/// a no-op, or a jump. arch/aarch64/facade/machine/static_branch.h has the same.
#[doc(hidden)]
#[macro_export]
macro_rules! __static_branch {
    ($key:path) => {
        core::arch::asm!(
            "661:",
            "nop",
            ".pushsection ebpf_static_sites, \"aR?\", %progbits",
            ".balign 8",
            ".long 661b - .",
            ".long {taken} - .",
            ".quad {key} - .",
            ".popsection",
            key = sym $key,
            taken = label {
                $crate::tracepoint::seldom();
                return true;
            },
            options(nomem, nostack, preserves_flags),
        )
    };
}

extern "C" {
    fn ebpf_tracepoint_fire(tracepoint: *const Tracepoint, arguments: *const u64);
}

/// The compiler saves what the call may change behind the branch.
macro_rules! call {
    ($tracepoint:expr, $($register:tt = $word:expr),*) => {
        asm!(
            "sub sp, sp, #48",
            "stp x1, x2, [sp]",
            "stp x3, x4, [sp, #16]",
            "stp x5, x6, [sp, #32]",
            "mov x1, sp",
            "bl {fire}",
            "add sp, sp, #48",
            fire = sym ebpf_tracepoint_fire,
            in("x0") $tracepoint,
            $(in($register) $word,)*
            clobber_abi("C"),
        )
    };
}

/// Up to six words go in registers, so that a place needs no memory.
#[inline(always)]
pub fn fire<const N: usize>(tracepoint: &'static Tracepoint, words: [u64; N]) {
    let at = |index: usize| words.get(index).copied().unwrap_or(0);
    // What is not told is whatever the registers hold.
    unsafe {
        match N {
            0 => call!(tracepoint,),
            1 => call!(tracepoint, "x1" = at(0)),
            2 => call!(tracepoint, "x1" = at(0), "x2" = at(1)),
            3 => call!(tracepoint, "x1" = at(0), "x2" = at(1), "x3" = at(2)),
            4 => call!(
                tracepoint,
                "x1" = at(0),
                "x2" = at(1),
                "x3" = at(2),
                "x4" = at(3)
            ),
            5 => call!(
                tracepoint,
                "x1" = at(0),
                "x2" = at(1),
                "x3" = at(2),
                "x4" = at(3),
                "x5" = at(4)
            ),
            6 => call!(
                tracepoint,
                "x1" = at(0),
                "x2" = at(1),
                "x3" = at(2),
                "x4" = at(3),
                "x5" = at(4),
                "x6" = at(5)
            ),
            _ => ebpf_tracepoint_fire(tracepoint, words.as_ptr()),
        }
    }
}
