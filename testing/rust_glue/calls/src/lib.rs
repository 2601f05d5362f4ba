// SPDX-License-Identifier: MIT
//! What the glue has called, in order, of one thread.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

struct OfOneThread(UnsafeCell<Vec<String>>);

unsafe impl Sync for OfOneThread {}

static CALLS: OfOneThread = OfOneThread(UnsafeCell::new(Vec::new()));

pub fn note(call: String) {
    unsafe { (*CALLS.0.get()).push(call) }
}

/// Since the last time.
pub fn take() -> Vec<String> {
    unsafe { core::mem::take(&mut *CALLS.0.get()) }
}

#[macro_export]
macro_rules! called {
    ($($words:tt)*) => { $crate::note(alloc::format!($($words)*)) };
}
