// SPDX-License-Identifier: MIT
//! A lock for what glues keep, since each kernel has another.

use core::cell::UnsafeCell;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, Ordering};

extern "C" {
    fn ebpf_port_preempt_disable() -> usize;
    fn ebpf_port_preempt_enable(state: usize);
}

/// A value that one task at a time looks at, for some instructions, in which it
/// is not switched away: the others spin. Context: task, also with a spin lock.
#[derive(Debug, Default)]
pub struct Locked<T> {
    busy: AtomicBool,
    value: UnsafeCell<T>,
}

// One at a time has the value.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T> Locked<T> {
    /// Unlocked.
    pub const fn new(value: T) -> Locked<T> {
        Locked {
            busy: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Calls `look`, which does not panic and uses nothing else that is locked.
    pub fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        let preemption = unsafe { ebpf_port_preempt_disable() };
        // Pairs with the release below.
        while self.busy.swap(true, Ordering::Acquire) {
            spin_loop();
        }
        let result = look(unsafe { &mut *self.value.get() });
        self.busy.store(false, Ordering::Release);
        unsafe { ebpf_port_preempt_enable(preemption) };
        result
    }
}
