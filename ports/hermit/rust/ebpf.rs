// SPDX-License-Identifier: MIT
//
// What Hermit's kernel must export for ports/hermit besides its system calls.
//
// The file becomes src/scheduler/task/ebpf.rs of the kernel, with a line
// `mod ebpf;` in src/scheduler/task.rs: as a child of the scheduler and of its
// tasks it may look into both. ports/hermit/kernel.h declares the same functions
// for C++.

use alloc::rc::Rc;
use core::ffi::c_void;
use core::iter::once;
use core::mem;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

#[cfg(target_arch = "aarch64")]
use arm_gic::IntId;
#[cfg(target_arch = "aarch64")]
use arm_gic::Trigger;
#[cfg(target_arch = "aarch64")]
use hermit_dtb::Dtb;

use super::Task;
use crate::arch::core_local::core_scheduler;
#[cfg(target_arch = "aarch64")]
use crate::arch::interrupts::GIC;
#[cfg(target_arch = "aarch64")]
use crate::arch::scheduler::State;
use crate::arch::scheduler::TaskStacks;
#[cfg(target_arch = "aarch64")]
use crate::env;

/// The id of the running task, 0 for the idle task and where the scheduler is
/// just changing it. Takes no lock. Context: any, after the boot.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_task_id() -> i32 {
	// A probe may have interrupted the scheduler while it holds the task
	// mutably: asking again would panic.
	match core_scheduler().current_task.try_borrow() {
		Ok(task) => task.id.into(),
		Err(_) => 0,
	}
}

/// Hermit's own panic, with the `size` bytes of UTF-8 at `what`. Takes no lock.
/// Context: any.
///
/// # Safety
/// The bytes must be readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_hermit_panic(what: *const u8, size: usize) -> ! {
	let what = unsafe { core::slice::from_raw_parts(what, size) };
	panic!("{}", core::str::from_utf8(what).unwrap_or("ebpf"));
}

/// The task's stacks: where each begins, and its size.
fn stacks(task: &Task) -> [(usize, usize); 2] {
	let stacks = &task.stacks;
	[
		(
			stacks.get_user_stack().as_u64() as usize,
			stacks.get_user_stack_size(),
		),
		(
			stacks.get_kernel_stack().as_u64() as usize,
			stacks.get_kernel_stack_size(),
		),
	]
}

/// The stack of the running task in which `sp` lies: from `*begin` to `*end`.
/// False where there is none, or the scheduler is just changing the task. Takes
/// no lock. Context: any, after the boot.
///
/// # Safety
/// Both must be writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_hermit_stack(
	sp: usize,
	begin: *mut usize,
	end: *mut usize,
) -> bool {
	let Ok(task) = core_scheduler().current_task.try_borrow() else {
		return false;
	};
	for (start, size) in stacks(&task) {
		if sp.wrapping_sub(start) < size {
			unsafe {
				*begin = start;
				*end = start + size;
			}
			return true;
		}
	}
	false
}

/// Where `task`, which does not run, goes on: its interrupt has saved all of it
/// on its stack, for on this CPU each switch of tasks is the end of an interrupt.
/// None if it never ran yet.
#[cfg(target_arch = "aarch64")]
fn saved_pc(task: &Task) -> Option<usize> {
	let state = task.last_stack_pointer.as_ptr::<State>();
	if state.is_null() {
		return None;
	}
	Some(unsafe { (*state).elr_el1 } as usize)
}

/// Calls `see(argument, pc)` for each task of this CPU but the running one, with
/// where it goes on. False if that was not all of them: the scheduler is just
/// changing one. Interrupts' handlers let no others in, so nothing else was
/// interrupted. Takes no lock. Context: task, interrupts off.
///
/// # Safety
/// `see` must take `argument`.
#[cfg(target_arch = "aarch64")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_hermit_saved_pcs(
	see: unsafe extern "C" fn(argument: *mut c_void, pc: usize),
	argument: *mut c_void,
) -> bool {
	let scheduler = core_scheduler();
	let ready = scheduler.ready_queue.queues.iter().flatten();
	let blocked = scheduler.blocked_tasks.list.iter().map(|node| &node.task);
	for task in ready.chain(blocked).chain(once(&scheduler.idle_task)) {
		if Rc::ptr_eq(task, &scheduler.current_task) {
			continue;
		}
		let Ok(task) = task.try_borrow() else {
			return false;
		};
		if let Some(pc) = saved_pc(&task) {
			unsafe { see(argument, pc) };
		}
	}
	true
}

/// The interrupt of the virtual timer: the number of a private peripheral's. A
/// timer's `interrupts` are three numbers each (kind, number, flags), of the
/// secure, the physical, the virtual and the hypervisor's timer.
#[cfg(target_arch = "aarch64")]
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
#[cfg(target_arch = "aarch64")]
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

type StackEnd = unsafe extern "C" fn(begin: u64, end: u64);

/// A StackEnd, or null.
static STACK_END: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// From now on `tell(begin, end)` is called where a task has ended and its
/// stacks, which lie in that range, are given back: on another stack, interrupts
/// off. Context: task.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_tell_stack_end(tell: StackEnd) {
	STACK_END.store(tell as *mut (), Ordering::Relaxed);
}

impl Drop for Task {
	fn drop(&mut self) {
		let tell = STACK_END.load(Ordering::Relaxed);
		if tell.is_null() || matches!(self.stacks, TaskStacks::Boot(_)) {
			return;
		}
		let tell = unsafe { mem::transmute::<*mut (), StackEnd>(tell) };
		let ranges = stacks(self);
		let begin = ranges.iter().map(|&(start, _)| start).min();
		let end = ranges.iter().map(|&(start, size)| start + size).max();
		if let (Some(begin), Some(end)) = (begin, end) {
			unsafe { tell(begin as u64, end as u64) };
		}
	}
}
