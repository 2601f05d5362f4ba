// SPDX-License-Identifier: MIT
//
// What Hermit's kernel must export for ports/hermit besides its system calls.
//
// The file becomes src/scheduler/task/ebpf.rs of the kernel, with a line
// `pub(crate) mod ebpf;` in src/scheduler/task.rs: as a child of the scheduler
// and of its tasks it may look into both. On RISC-V and x86-64 the kernel's
// set_oneshot_timer calls share_timer; with its feature `smp` on RISC-V the idle
// loop calls other_cpu_asks, and wakeup_handler take_software_interrupt.
// ports/hermit/kernel.h declares the same functions for C++.

use alloc::rc::Rc;
use core::ffi::c_void;
use core::iter::once;
use core::mem;
#[cfg(target_arch = "riscv64")]
use core::ops::Range;
use core::ptr;
#[cfg(not(target_arch = "aarch64"))]
use core::sync::atomic::AtomicU64;
#[cfg(all(target_arch = "x86_64", feature = "smp"))]
use core::sync::atomic::AtomicU32;
use core::sync::atomic::{AtomicPtr, Ordering};

#[cfg(target_arch = "aarch64")]
use arm_gic::IntId;
#[cfg(target_arch = "aarch64")]
use arm_gic::Trigger;
#[cfg(target_arch = "aarch64")]
use hermit_dtb::Dtb;

use super::Task;
#[cfg(feature = "smp")]
use crate::arch::core_local::core_id;
use crate::arch::core_local::core_scheduler;
#[cfg(target_arch = "aarch64")]
use crate::arch::interrupts::GIC;
#[cfg(target_arch = "aarch64")]
use crate::arch::scheduler::State;
use crate::arch::scheduler::TaskStacks;
#[cfg(not(target_arch = "aarch64"))]
use crate::arch;
#[cfg(target_arch = "aarch64")]
use crate::env;
#[cfg(target_arch = "riscv64")]
use crate::arch::kernel::get_timebase_freq;
#[cfg(target_arch = "riscv64")]
use crate::config::KERNEL_STACK_SIZE;
#[cfg(target_arch = "x86_64")]
use crate::arch::processor::get_frequency;
use crate::scheduler::PerCoreScheduler;

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
	{
		// As the kernel knows CPUs, by the numbers that they began with.
		let apic_id = unsafe { core::arch::x86_64::__cpuid(1) }.ebx >> 24;
		APIC_IDS[cpu].store(apic_id, Ordering::Relaxed);
	}
	SCHEDULERS[cpu].store(core_scheduler(), Ordering::Release);
}

/// What the port's interrupts by other CPUs come by: a vector that the kernel
/// leaves free. ports/hermit/x86_64/trap.cc knows it.
#[cfg(all(target_arch = "x86_64", feature = "smp"))]
const VECTOR: u64 = 122;

#[cfg(all(target_arch = "x86_64", feature = "smp"))]
static APIC_IDS: [AtomicU32; MOST_CPUS] = [const { AtomicU32::new(0) }; MOST_CPUS];

/// Lets further interrupts come, as each handler of an interrupt does. x86-64.
/// Context: irq.
#[cfg(target_arch = "x86_64")]
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_end_interrupt() {
	arch::x86_64::kernel::apic::eoi();
}

/// The kernel's idle loop has taken a software interrupt's request, whoever it
/// was from. Interrupts off.
#[cfg(all(target_arch = "riscv64", feature = "smp"))]
pub(crate) fn other_cpu_asks() {
	let asked = ASKED.load(Ordering::Relaxed);
	if !asked.is_null() {
		unsafe { mem::transmute::<*mut (), Asked>(asked)() };
	}
}

/// The kernel begins to handle a software interrupt. Where the port's vector does
/// not see it first, and forgets the request, it would come again and again.
#[cfg(all(target_arch = "riscv64", feature = "smp"))]
pub(crate) fn take_software_interrupt() {
	let cpu = ebpf_hermit_cpu_id() as usize % MOST_CPUS;
	if SCHEDULERS[cpu].load(Ordering::Relaxed).is_null() {
		const SSIP: usize = 1 << 1;
		unsafe { core::arch::asm!("csrc sip, {}", in(reg) SSIP) };
	}
}

/// Interrupts `cpu`: on RISC-V as the kernel does that wants it to look for new
/// tasks, on x86-64 by a vector of the port's. Takes no lock once a CPU was
/// interrupted. Context: any.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_interrupt_cpu(cpu: u32) {
	#[cfg(all(target_arch = "riscv64", feature = "smp"))]
	arch::wakeup_core(cpu);
	#[cfg(all(target_arch = "x86_64", feature = "smp"))]
	{
		const INTERRUPT_COMMAND: u32 = 0x830;
		const ASSERT: u64 = 1 << 14;
		let to = u64::from(APIC_IDS[cpu as usize % MOST_CPUS].load(Ordering::Relaxed)) << 32;
		// Two registers, where there is no x2APIC.
		hermit_sync::without_interrupts(|| {
			arch::x86_64::kernel::apic::local_apic_write(INTERRUPT_COMMAND, to | ASSERT | VECTOR);
		});
	}
	#[cfg(any(target_arch = "aarch64", not(feature = "smp")))]
	let _ = cpu;
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
		interrupt_stack(task),
	]
}

/// On this CPU interrupts come on whatever stack there is.
#[cfg(not(target_arch = "x86_64"))]
fn interrupt_stack(task: &Task) -> (usize, usize) {
	let start = task.stacks.get_kernel_stack().as_u64() as usize;
	(start, task.stacks.get_kernel_stack_size())
}

/// On this CPU interrupts come on a stack of their own, from its end on.
#[cfg(target_arch = "x86_64")]
fn interrupt_stack(task: &Task) -> (usize, usize) {
	let start = task.stacks.get_interrupt_stack().as_u64() as usize;
	(start, task.stacks.get_interrupt_stack_size())
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

/// Where the interrupt came from that `task`, which does not run, was switched
/// away in: the CPU has pushed that first. None if it gave up the CPU itself.
#[cfg(target_arch = "x86_64")]
fn saved_pc(task: &Task) -> Option<usize> {
	let (start, size) = interrupt_stack(task);
	let stack_pointer = task.last_stack_pointer.as_u64() as usize;
	if stack_pointer.wrapping_sub(start) >= size {
		return None;
	}
	const PUSHED_WORDS: usize = 5;
	let rip = start + size - TaskStacks::MARKER_SIZE - PUSHED_WORDS * size_of::<usize>();
	Some(unsafe { *ptr::with_exposed_provenance(rip) })
}

/// Where the interrupt came from that `task`, which does not run, was switched
/// away in. Its trap's frame lies where the frame of the kernel's trap_handler
/// ends, which returns into the trapframe crate's trap_return, and that comes
/// right behind its run_user. None if it gave up the CPU itself.
#[cfg(target_arch = "riscv64")]
fn saved_pc(task: &Task) -> Option<usize> {
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

/// How often the clock ticks: TSC. Context: any, after the boot.
#[cfg(target_arch = "x86_64")]
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_ticks_per_second() -> u64 {
	u64::from(get_frequency()) * 1_000_000
}

/// How often the clock ticks: time. Context: any, after the boot.
#[cfg(target_arch = "riscv64")]
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_ticks_per_second() -> u64 {
	get_timebase_freq()
}

/// When the kernel wants its timer's interrupt, and when the port does: in
/// microseconds of get_timer_ticks.
#[cfg(not(target_arch = "aarch64"))]
struct Wakeups {
	kernel: AtomicU64,
	port: AtomicU64,
}

#[cfg(not(target_arch = "aarch64"))]
impl Wakeups {
	const fn new() -> Self {
		Self {
			kernel: AtomicU64::new(u64::MAX),
			port: AtomicU64::new(u64::MAX),
		}
	}

	/// Of the CPU that runs the caller: each has a timer.
	fn get() -> &'static Self {
		static OF_CPUS: [Wakeups; MOST_CPUS] = [const { Wakeups::new() }; MOST_CPUS];
		&OF_CPUS[ebpf_hermit_cpu_id() as usize % MOST_CPUS]
	}

	fn earliest(&self) -> u64 {
		let kernel = self.kernel.load(Ordering::Relaxed);
		kernel.min(self.port.load(Ordering::Relaxed))
	}
}

/// The kernel wants its timer's interrupt at `kernel`: has it come at that time
/// or at the port's, whichever is sooner. `set` is the kernel's own way.
#[cfg(not(target_arch = "aarch64"))]
pub(crate) fn share_timer(kernel: Option<u64>, set: fn(Option<u64>)) {
	let wakeups = Wakeups::get();
	wakeups.kernel.store(kernel.unwrap_or(u64::MAX), Ordering::Relaxed);
	// Until it holds: a probe may come between, and its program start a timer.
	loop {
		let wakeup = wakeups.earliest();
		set(Some(wakeup).filter(|&at| at != u64::MAX));
		if wakeups.earliest() >= wakeup {
			return;
		}
	}
}

/// The port wants an interrupt of the kernel's timer at `wakeup`, in
/// microseconds; never, if it is all ones. Takes no lock. Context: any,
/// interrupts off.
#[cfg(not(target_arch = "aarch64"))]
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_set_timer(wakeup: u64) {
	let wakeups = Wakeups::get();
	wakeups.port.store(wakeup, Ordering::Relaxed);
	let kernel = wakeups.kernel.load(Ordering::Relaxed);
	arch::set_oneshot_timer(Some(kernel).filter(|&at| at != u64::MAX));
}

/// Whether the timer's interrupt is what the kernel waits for, too. Context: irq.
#[cfg(not(target_arch = "aarch64"))]
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_kernel_timer_due() -> bool {
	Wakeups::get().kernel.load(Ordering::Relaxed) <= arch::processor::get_timer_ticks()
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
