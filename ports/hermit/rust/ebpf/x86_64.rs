// SPDX-License-Identifier: MIT
//
// What is x86-64's alone: its clock, what its interrupts push, and those by other
// CPUs.

use core::ptr;
#[cfg(feature = "smp")]
use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(feature = "smp")]
use super::MOST_CPUS;
use super::Task;
use crate::arch;
use crate::arch::processor::get_frequency;
use crate::arch::scheduler::TaskStacks;

/// How often the clock ticks: TSC. Context: any, after the boot.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_ticks_per_second() -> u64 {
	u64::from(get_frequency()) * 1_000_000
}

/// On this CPU interrupts come on a stack of their own, from its end on.
pub(super) fn interrupt_stack(task: &Task) -> (usize, usize) {
	let start = task.stacks.get_interrupt_stack().as_u64() as usize;
	(start, task.stacks.get_interrupt_stack_size())
}

/// Where the interrupt came from that `task`, which does not run, was switched
/// away in: the CPU has pushed that first. None if it gave up the CPU itself.
pub(super) fn saved_pc(task: &Task) -> Option<usize> {
	let (start, size) = interrupt_stack(task);
	let stack_pointer = task.last_stack_pointer.as_u64() as usize;
	if stack_pointer.wrapping_sub(start) >= size {
		return None;
	}
	const PUSHED_WORDS: usize = 5;
	let rip = start + size - TaskStacks::MARKER_SIZE - PUSHED_WORDS * size_of::<usize>();
	Some(unsafe { *ptr::with_exposed_provenance(rip) })
}

/// What the port's interrupts by other CPUs come by: a vector that the kernel
/// leaves free. ports/hermit/x86_64/trap.cc knows it.
#[cfg(feature = "smp")]
const VECTOR: u64 = 122;

#[cfg(feature = "smp")]
static APIC_IDS: [AtomicU32; MOST_CPUS] = [const { AtomicU32::new(0) }; MOST_CPUS];

/// Lets further interrupts come, as each handler of an interrupt does.
/// Context: irq.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_end_interrupt() {
	arch::x86_64::kernel::apic::eoi();
}

/// As the kernel knows the CPU that runs the caller: by the number that it began
/// with.
#[cfg(feature = "smp")]
pub(super) fn keep_apic_id(cpu: usize) {
	let apic_id = unsafe { core::arch::x86_64::__cpuid(1) }.ebx >> 24;
	APIC_IDS[cpu].store(apic_id, Ordering::Relaxed);
}

/// Interrupts `cpu` by a vector of the port's. Takes no lock once a CPU was
/// interrupted. Context: any.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_interrupt_cpu(_cpu: u32) {
	#[cfg(feature = "smp")]
	{
		const INTERRUPT_COMMAND: u32 = 0x830;
		const ASSERT: u64 = 1 << 14;
		let to = u64::from(APIC_IDS[_cpu as usize % MOST_CPUS].load(Ordering::Relaxed)) << 32;
		// Two registers, where there is no x2APIC.
		hermit_sync::without_interrupts(|| {
			arch::x86_64::kernel::apic::local_apic_write(INTERRUPT_COMMAND, to | ASSERT | VECTOR);
		});
	}
}
