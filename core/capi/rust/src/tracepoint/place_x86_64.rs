// SPDX-License-Identifier: MIT
//! Places of tracepoints on x86-64: a no-op of 5 bytes, or a jump.

use core::arch::asm;

use super::Tracepoint;

/// `return true` from the function around it where `$key` is enabled: in the text
/// a no-op, or a jump. arch/x86_64/facade/machine/static_branch.h has the same.
#[doc(hidden)]
#[macro_export]
macro_rules! __static_branch {
    ($key:path) => {
        core::arch::asm!(
            "661:",
            ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00",
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
            options(att_syntax, nomem, nostack, preserves_flags),
        )
    };
}

extern "C" {
    fn ebpf_tracepoint_fire(tracepoint: *const Tracepoint, arguments: *const u64);
}

/// Calls it, with an array of words that are in any registers, last word first.
///
/// Nothing but vector registers is changed, so a place has nothing to save before
/// its no-op; and the call is the place's own, which is where stacks of its
/// records begin. What is above the moved stack pointer may be a red zone.
macro_rules! call {
    ($tracepoint:expr $(, $push:literal $name:ident = $word:expr)*) => {
        asm!(
            "add rsp, -128",
            "push rax",
            "push rcx",
            "push rdx",
            "push rsi",
            "push rdi",
            "push r8",
            "push r9",
            "push r10",
            "push r11",
            $($push,)*
            "mov rdi, {tracepoint}",
            "mov rsi, rsp",
            // Aligned, and twice what it was before.
            "and rsp, -16",
            "push rsi",
            "push rsi",
            "call {fire}",
            "mov rsp, [rsp]",
            "add rsp, 8 * {count}",
            "pop r11",
            "pop r10",
            "pop r9",
            "pop r8",
            "pop rdi",
            "pop rsi",
            "pop rdx",
            "pop rcx",
            "pop rax",
            "sub rsp, -128",
            fire = sym ebpf_tracepoint_fire,
            count = const N,
            tracepoint = in(reg) $tracepoint,
            $($name = in(reg) $word,)*
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
            out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(nostack),
        )
    };
}

/// Up to six words go in registers, so that a place needs no memory.
#[inline(always)]
pub fn fire<const N: usize>(tracepoint: &'static Tracepoint, words: [u64; N]) {
    let at = |index: usize| words.get(index).copied().unwrap_or(0);
    unsafe {
        match N {
            0 => call!(tracepoint),
            1 => call!(tracepoint, "push {a}" a = at(0)),
            2 => call!(tracepoint, "push {b}" b = at(1), "push {a}" a = at(0)),
            3 => call!(
                tracepoint,
                "push {c}" c = at(2),
                "push {b}" b = at(1),
                "push {a}" a = at(0)
            ),
            4 => call!(
                tracepoint,
                "push {d}" d = at(3),
                "push {c}" c = at(2),
                "push {b}" b = at(1),
                "push {a}" a = at(0)
            ),
            5 => call!(
                tracepoint,
                "push {e}" e = at(4),
                "push {d}" d = at(3),
                "push {c}" c = at(2),
                "push {b}" b = at(1),
                "push {a}" a = at(0)
            ),
            6 => call!(
                tracepoint,
                "push {f}" f = at(5),
                "push {e}" e = at(4),
                "push {d}" d = at(3),
                "push {c}" c = at(2),
                "push {b}" b = at(1),
                "push {a}" a = at(0)
            ),
            _ => ebpf_tracepoint_fire(tracepoint, words.as_ptr()),
        }
    }
}
