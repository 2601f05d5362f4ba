// SPDX-License-Identifier: MIT
//
// The kernel's timer, which the port shares on machines with no other.

use core::sync::atomic::{AtomicU64, Ordering};

use super::{MOST_CPUS, ebpf_hermit_cpu_id};
use crate::arch;

/// When the kernel wants its timer's interrupt, and when the port does: in
/// microseconds of get_timer_ticks.
struct Wakeups {
	kernel: AtomicU64,
	port: AtomicU64,
}

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
pub(crate) fn share_timer(kernel: Option<u64>, set: fn(Option<u64>)) {
	let wakeups = Wakeups::get();
	wakeups
		.kernel
		.store(kernel.unwrap_or(u64::MAX), Ordering::Relaxed);
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
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_set_timer(wakeup: u64) {
	let wakeups = Wakeups::get();
	wakeups.port.store(wakeup, Ordering::Relaxed);
	let kernel = wakeups.kernel.load(Ordering::Relaxed);
	arch::set_oneshot_timer(Some(kernel).filter(|&at| at != u64::MAX));
}

/// Whether the timer's interrupt is what the kernel waits for, too. Context: irq.
#[unsafe(no_mangle)]
pub extern "C" fn ebpf_hermit_kernel_timer_due() -> bool {
	Wakeups::get().kernel.load(Ordering::Relaxed) <= arch::processor::get_timer_ticks()
}
