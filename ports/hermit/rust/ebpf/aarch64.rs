// SPDX-License-Identifier: MIT
//
// What is AArch64's alone: the frames of its interrupts, and a timer of the port's.

use core::ptr;

use arm_gic::{IntId, Trigger};
use hermit_dtb::Dtb;

// Interrupts come on whatever stack there is.
use super::Task;
pub(super) use super::kernel_stack as interrupt_stack;
use crate::arch::interrupts::GIC;
use crate::arch::scheduler::State;
use crate::env;

/// Where `task`, which does not run, goes on: its interrupt has saved all of it
/// on its stack, for on this CPU each switch of tasks is the end of an interrupt.
/// None if it never ran yet.
pub(super) fn saved_pc(task: &Task) -> Option<usize> {
	let state = task.last_stack_pointer.as_ptr::<State>();
	if state.is_null() {
		return None;
	}
	Some(unsafe { (*state).elr_el1 } as usize)
}

/// The interrupt of the virtual timer: the number of a private peripheral's. A
/// timer's `interrupts` are three numbers each (kind, number, flags), of the
/// secure, the physical, the virtual and the hypervisor's timer.
fn virtual_timer_interrupt() -> Option<u32> {
	let tree = env::boot_info().hardware_info.device_tree?.get() as usize;
	let tree = unsafe { Dtb::from_raw(ptr::with_exposed_provenance(tree)) }?;
	for node in tree.enum_subnodes("/") {
		let name = node.split('@').next()?;
		let is_timer = tree
			.get_property(name, "compatible")
			.and_then(|text| core::str::from_utf8(text).ok())
			.is_some_and(|text| text.contains("armv8-timer"));
		if !is_timer {
			continue;
		}
		let word = |index: usize| {
			let bytes = tree.get_property(name, "interrupts")?;
			let bytes = bytes.get(4 * index..4 * index + 4)?;
			Some(u32::from_be_bytes(bytes.try_into().ok()?))
		};
		const PRIVATE: u32 = 1;
		return word(6).filter(|&kind| kind == PRIVATE).and(word(7));
	}
	None
}

/// Lets interrupts of the virtual timer come. The kernel uses the physical one
/// only: it acknowledges these, if the timer still asks then, and does nothing.
/// False if the machine does not tell of that timer. Locks. Context: task.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_enable_virtual_timer() -> bool {
	let Some(number) = virtual_timer_interrupt() else {
		return false;
	};
	let mut gic = GIC.lock();
	let Some(gic) = gic.as_mut() else {
		return false;
	};
	let id = IntId::ppi(number);
	let cpu = Some(0);
	gic.set_interrupt_priority(id, cpu, 0);
	gic.set_trigger(id, cpu, Trigger::Level);
	gic.enable_interrupt(id, cpu, true);
	true
}

/// There is no other CPU.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_interrupt_cpu(_cpu: u32) {}
