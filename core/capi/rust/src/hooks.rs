// SPDX-License-Identifier: MIT
//! What a kernel calls in its traps, and where a task ends.
//!
//! The order in a fault's handler, before the kernel itself looks: [`on_fault`],
//! then what its own fault-safe copies have, then [`fix_fault`].
//! `ports/PORTING.md` tells what each frame must be.

use crate::frame::PtRegs;
use crate::sys;

/// The breakpoint trap. True: `regs` are converted back, all of them. False: the
/// breakpoint is not of a probe, and `regs` are untouched. Part of its caller,
/// so that there is nothing of this crate's that a probe could stand on.
/// Context: trap.
///
/// # Safety
/// `regs` are those of the breakpoint that has just been hit on this CPU;
/// interrupts are masked, and stay so until the trap returns; nothing on which a
/// probe stands was run since the trap.
#[inline(always)]
pub unsafe fn on_breakpoint(regs: &mut PtRegs) -> bool {
    unsafe { sys::ebpf_on_breakpoint(regs) }
}

/// Page faults and other traps of an instruction, in the kernel itself, before
/// anything else. True: `regs` tell another place than before. Context: trap.
///
/// # Safety
/// `regs` are those of the trap, and interrupts have been masked since.
#[inline(always)]
pub unsafe fn on_fault(regs: &mut PtRegs) -> bool {
    unsafe { sys::ebpf_on_fault(regs) }
}

/// The same traps: true if a compiled program loaded what is not there. The trap
/// returns at once then, to `regs`. Context: trap.
///
/// # Safety
/// `regs` are those of the trap, after [`on_fault`].
#[inline(always)]
pub unsafe fn fix_fault(regs: &mut PtRegs) -> bool {
    unsafe { sys::ebpf_fix_fault(regs) }
}

/// A task has ended, and nothing runs on its kernel stack from `begin` to `end`
/// any more: calls on it that kretprobes followed are given back. Context: any.
///
/// # Safety
/// That is so, or this is the last thing there that a probe may stand on.
pub unsafe fn task_exit(begin: usize, end: usize) {
    unsafe { sys::ebpf_task_exit(begin as u64, end as u64) }
}
