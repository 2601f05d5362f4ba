// SPDX-License-Identifier: MIT
//! What DragonOS has, but under no name that we know: to be copied to
//! kernel/src/ebpf_fill_in.rs and filled in there. Each is safe as it stands and
//! costs something; ports/dragonos/README.md says what, and what to write.

use crate::ebpf_glue::Range;

const NOTHING: Range = Range { begin: 0, end: 0 };

/// `offset_of!(ProcessControlBlock, ...)` of what `preempt_disable` counts; 0:
/// that function is called for each run of a program.
pub const PREEMPT_COUNTER: usize = 0;

/// Where code begins and ends that runs between a trap and our hooks: the entry
/// code in entry.S, `do_int3`, `do_page_fault` and `do_general_protection`, what
/// they call before that, and `smp_get_processor_id`. All of the text until
/// somebody has named them: there are no probes.
pub fn no_probe(index: usize, text: Range) -> Range {
    [text].get(index).copied().unwrap_or(NOTHING)
}

/// The fixups of `__ex_table` and the jumps of static keys. All of the text: no
/// probe is ever made a jump, each hit is a trap.
pub fn odd_place(index: usize, text: Range) -> Range {
    [text].get(index).copied().unwrap_or(NOTHING)
}

/// Functions that may fail at a program's wish (bpf_override_return).
pub fn may_fail(_function: usize) -> bool {
    false
}

/// The process's name by a lock that is only tried; false: it is made of the
/// number.
pub fn current_comm(_name: &mut [u8]) -> bool {
    false
}
