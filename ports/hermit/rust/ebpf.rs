// SPDX-License-Identifier: MIT
//
// What Hermit's kernel must export for ports/hermit besides its system calls.
//
// The file and its folder become src/scheduler/task/ebpf.rs and ebpf of the
// kernel, with a line
// `pub(crate) mod ebpf;` in src/scheduler/task.rs: as a child of the scheduler
// and of its tasks it may look into both. On RISC-V and x86-64 the kernel's
// set_oneshot_timer calls share_timer; with its feature `smp` on RISC-V the idle
// loop calls other_cpu_asks, and wakeup_handler take_software_interrupt.
// ports/hermit/kernel.h declares the same functions for C++.

use alloc::rc::Rc;
use core::ffi::c_void;
use core::iter::once;
use core::sync::atomic::{AtomicPtr, Ordering};
use core::{mem, ptr};

use super::Task;
#[cfg(feature = "smp")]
use crate::arch::core_local::core_id;
use crate::arch::core_local::core_scheduler;
use crate::arch::scheduler::TaskStacks;
use crate::scheduler::PerCoreScheduler;

// What is one CPU's.
#[cfg_attr(target_arch = "aarch64", path = "ebpf/aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "ebpf/riscv64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "ebpf/x86_64.rs")]
mod cpu;
#[cfg(not(target_arch = "aarch64"))]
mod timer;

#[cfg(all(target_arch = "riscv64", feature = "smp"))]
pub(crate) use cpu::{other_cpu_asks, take_software_interrupt};
#[cfg(not(target_arch = "aarch64"))]
pub(crate) use timer::share_timer;

/// The port refuses a kernel with more CPUs.
const MOST_CPUS: usize = 128;

/// The number of the CPU that runs the caller: a task never goes on on another
/// one. Takes no lock. Context: any, after the boot.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_cpu_id() -> u32 {
	#[cfg(feature = "smp")]
	return core_id();
	#[cfg(not(feature = "smp"))]
	0
}

/// Of each CPU that takes part, or null.
static SCHEDULERS: [AtomicPtr<PerCoreScheduler>; MOST_CPUS] =
	[const { AtomicPtr::new(ptr::null_mut()) }; MOST_CPUS];

type Asked = extern "C" fn();

/// An Asked, or null.
static ASKED: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// The calling CPU takes part from now on. `asked()` is called where another CPU
/// has interrupted this one and no trap tells: in the idle loop, interrupts off.
/// Context: task, once on each CPU.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_enter_cpu(asked: Asked) {
	ASKED.store(asked as *mut (), Ordering::Relaxed);
	let cpu = ebpf_hermit_cpu_id() as usize % MOST_CPUS;
	#[cfg(all(target_arch = "x86_64", feature = "smp"))]
	cpu::keep_apic_id(cpu);
	SCHEDULERS[cpu].store(core_scheduler(), Ordering::Release);
}

/// The id of the running task, 0 for the idle task and where the scheduler is
/// just changing it. Takes no lock. Context: any, after the boot.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_port_task_pid() -> u32 {
	// A probe may have interrupted the scheduler while it holds the task
	// mutably: asking again would panic.
	let id: i32 = match core_scheduler().current_task.try_borrow() {
		Ok(task) => task.id.into(),
		Err(_) => 0,
	};
	id as u32
}

/// One address space, so every task is a process of its own to Linux's eyes: a
/// thread group would have to be invented.
///
/// # Safety
/// Both must be writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32) {
	let id = ebpf_port_task_pid();
	unsafe { (*pid, *tgid) = (id, id) }
}

/// Hermit's own panic. Takes no lock. Context: any.
///
/// # Safety
/// `what` must be a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_port_panic(what: *const core::ffi::c_char) -> ! {
	let what = unsafe { core::ffi::CStr::from_ptr(what) };
	panic!("{}", what.to_str().unwrap_or("ebpf"));
}

/// The task's stacks: where each begins, and its size.
fn stacks(task: &Task) -> [(usize, usize); 3] {
	let start = task.stacks.get_user_stack().as_u64() as usize;
	let user_stack = (start, task.stacks.get_user_stack_size());
	[user_stack, kernel_stack(task), cpu::interrupt_stack(task)]
}

fn kernel_stack(task: &Task) -> (usize, usize) {
	let start = task.stacks.get_kernel_stack().as_u64() as usize;
	(start, task.stacks.get_kernel_stack_size())
}

/// The stack of the running task in which `sp` lies: from `*begin` to `*end`.
/// False where there is none, or the scheduler is just changing the task. Takes
/// no lock. Context: any, after the boot.
///
/// # Safety
/// Both must be writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_port_stack_bounds(
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

/// Calls `see(argument, pc)` for each task but those that CPUs are running, with
/// where it goes on. False if that was not all of them: a scheduler is just
/// changing one. Interrupts' handlers let no others in, so nothing else was
/// interrupted. Takes no lock. Context: task, interrupts off, all other CPUs
/// standing in an interrupt.
///
/// # Safety
/// `see` must take `argument`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ebpf_hermit_saved_pcs(
	see: unsafe extern "C" fn(argument: *mut c_void, pc: usize),
	argument: *mut c_void,
) -> bool {
	// Stacks come and go, and the kernel tells only the CPU that it does so on.
	#[cfg(all(target_arch = "riscv64", feature = "smp"))]
	riscv::asm::sfence_vma_all();
	let this: *const PerCoreScheduler = core_scheduler();
	let others = SCHEDULERS
		.iter()
		.map(|scheduler| scheduler.load(Ordering::Acquire).cast_const())
		.filter(|&scheduler| !scheduler.is_null() && scheduler != this);
	for scheduler in once(this).chain(others) {
		if !unsafe { saved_pcs_of(&*scheduler, see, argument) } {
			return false;
		}
	}
	true
}

unsafe fn saved_pcs_of(
	scheduler: &PerCoreScheduler,
	see: unsafe extern "C" fn(argument: *mut c_void, pc: usize),
	argument: *mut c_void,
) -> bool {
	let ready = scheduler.ready_queue.queues.iter().flatten();
	let blocked = scheduler.blocked_tasks.list.iter().map(|node| &node.task);
	for task in ready.chain(blocked).chain(once(&scheduler.idle_task)) {
		if Rc::ptr_eq(task, &scheduler.current_task) {
			continue;
		}
		let Ok(task) = task.try_borrow() else {
			return false;
		};
		if let Some(pc) = cpu::saved_pc(&task) {
			unsafe { see(argument, pc) };
		}
	}
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
