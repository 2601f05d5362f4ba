// SPDX-License-Identifier: MIT
//! A value that is made once and stays.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::errno::{Errno, Result};

/// Nothing at first, and one value from [`Once::set`] on, for good: nobody drops it.
#[derive(Debug)]
pub struct Once<T> {
    state: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

// Written by who takes the state from NONE, read by who finds it READY.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

const NONE: u32 = 0;
const TAKEN: u32 = 1;
const READY: u32 = 2;

impl<T> Default for Once<T> {
    fn default() -> Once<T> {
        Once::new()
    }
}

impl<T> Once<T> {
    /// Nothing.
    pub const fn new() -> Once<T> {
        Once {
            state: AtomicU32::new(NONE),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// What `make` makes; nothing yet if it fails. EEXIST the second time.
    pub fn set(&self, make: impl FnOnce() -> Result<T>) -> Result<()> {
        self.state
            .compare_exchange(NONE, TAKEN, Ordering::Relaxed, Ordering::Relaxed)
            .map_err(|_| Errno::EEXIST)?;
        match make() {
            Ok(value) => {
                unsafe { (*self.value.get()).write(value) };
                // Pairs with the acquire in get().
                self.state.store(READY, Ordering::Release);
                Ok(())
            }
            Err(errno) => {
                self.state.store(NONE, Ordering::Relaxed);
                Err(errno)
            }
        }
    }

    /// None before it was set. Context: any.
    pub fn get(&self) -> Option<&T> {
        let is_ready = self.state.load(Ordering::Acquire) == READY;
        is_ready.then(|| unsafe { (*self.value.get()).assume_init_ref() })
    }
}
