// SPDX-License-Identifier: MIT
//
// What Hermit's kernel must export for ports/hermit besides its system calls.
//
// The file becomes src/scheduler/ebpf.rs of the kernel, with a line `mod ebpf;`
// in src/scheduler/mod.rs: as a child of the scheduler it may look at the
// running task. ports/hermit/kernel.h declares the same functions for C++.

use crate::arch::core_local::core_scheduler;

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
