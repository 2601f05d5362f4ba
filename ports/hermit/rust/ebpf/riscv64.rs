// SPDX-License-Identifier: MIT
//
// What is RISC-V's alone: its clock, the frames of its traps, and interrupts by
// other CPUs.

#[cfg(feature = "smp")]
use core::mem;
use core::ops::Range;
use core::ptr;
#[cfg(feature = "smp")]
use core::sync::atomic::Ordering;

// Interrupts come on whatever stack there is.
pub(super) use super::kernel_stack as interrupt_stack;
#[cfg(feature = "smp")]
use super::{ASKED, Asked, MOST_CPUS, SCHEDULERS, ebpf_hermit_cpu_id};
use super::{Task, stacks};
use crate::arch::kernel::get_timebase_freq;
use crate::config::KERNEL_STACK_SIZE;

/// How often the clock ticks: time. Context: any, after the boot.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_ticks_per_second() -> u64 {
	get_timebase_freq()
}

/// Where the interrupt came from that `task`, which does not run, was switched
/// away in. Its trap's frame lies where the frame of the kernel's trap_handler
/// ends, which returns into the trapframe crate's trap_return, and that comes
/// right behind its run_user. None if it gave up the CPU itself.
pub(super) fn saved_pc(task: &Task) -> Option<usize> {
	unsafe extern "C" {
		fn run_user();
	}
	const SAVED_S0: usize = 7;
	const SAVED_SEPC: usize = 33;
	let word = |address: usize| -> usize { unsafe { *ptr::with_exposed_provenance(address) } };
	let stack = task.last_stack_pointer.as_usize();
	if stack == 0 {
		return None;
	}
	// The idle task's is the one that the kernel was booted on.
	let (start, size) = stacks(task)
		.into_iter()
		.find(|&(start, size)| stack.wrapping_sub(start) < size)
		.unwrap_or((stack, KERNEL_STACK_SIZE));
	let trap_return: Range<usize> = run_user as usize..run_user as usize + 256;
	let mut below = stack;
	let mut frame = word(stack + SAVED_S0 * size_of::<usize>());
	while frame % 8 == 0 && frame > below + 16 && frame < start + size {
		if trap_return.contains(&word(frame - 8)) {
			return Some(word(frame + SAVED_SEPC * size_of::<usize>()));
		}
		below = frame;
		frame = word(frame - 16);
	}
	None
}

/// The kernel's idle loop has taken a software interrupt's request, whoever it
/// was from. Interrupts off.
#[cfg(feature = "smp")]
pub(crate) fn other_cpu_asks() {
	let asked = ASKED.load(Ordering::Relaxed);
	if !asked.is_null() {
		unsafe { mem::transmute::<*mut (), Asked>(asked)() };
	}
}

/// The kernel begins to handle a software interrupt. Where the port's vector does
/// not see it first, and forgets the request, it would come again and again.
#[cfg(feature = "smp")]
pub(crate) fn take_software_interrupt() {
	let cpu = ebpf_hermit_cpu_id() as usize % MOST_CPUS;
	if SCHEDULERS[cpu].load(Ordering::Relaxed).is_null() {
		const SSIP: usize = 1 << 1;
		unsafe { core::arch::asm!("csrc sip, {}", in(reg) SSIP) };
	}
}

/// Interrupts `cpu`, as the kernel does that wants it to look for new tasks. Takes
/// no lock. Context: any.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_interrupt_cpu(_cpu: u32) {
	#[cfg(feature = "smp")]
	crate::arch::wakeup_core(_cpu);
}
