// SPDX-License-Identifier: MIT
//
// Panics that go through followed calls, each with something to drop.
#![no_std]
#![feature(lang_items)]
#![allow(internal_features)]
extern crate alloc;

use alloc::boxed::Box;
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

extern "C" {
    fn malloc(size: usize) -> *mut u8;
    fn free(memory: *mut u8);
    fn unwinding_ended() -> !;
}

extern "C-unwind" {
    /// Calls `function`, which returns to the stub of this number.
    fn follow(number: u32, function: extern "C-unwind" fn());
}

struct Host;

unsafe impl GlobalAlloc for Host {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        malloc(layout.size())
    }
    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        free(memory)
    }
}

#[global_allocator]
static HOST: Host = Host;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    let _ = unwinding::panic::begin_panic(Box::new(()));
    unsafe { unwinding_ended() }
}

static DEPTH: AtomicU32 = AtomicU32::new(0);
static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
    }
}

extern "C-unwind" fn call_on() {
    let _counted = Counted;
    let depth = DEPTH.load(Relaxed);
    if depth == 0 {
        panic!("to the catch");
    }
    DEPTH.store(depth - 1, Relaxed);
    unsafe { follow(depth - 1, call_on) };
}

/// How many were dropped on the way of a panic from under `depth` followed
/// calls to its catch.
#[no_mangle]
extern "C" fn panic_through(depth: u32) -> u32 {
    DEPTH.store(depth, Relaxed);
    DROPPED.store(0, Relaxed);
    match unwinding::panic::catch_unwind(|| call_on()) {
        Ok(()) => u32::MAX,
        Err(_) => DROPPED.load(Relaxed),
    }
}
