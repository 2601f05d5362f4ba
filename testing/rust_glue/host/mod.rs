// SPDX-License-Identifier: MIT
//! The real core below a glue, on the host port, in place of the port's C++; and
//! the memory of the calling process.

use std::ffi::c_void;

use ebpf::platform::{Export, Exported};

#[path = "../../../core/capi/rust/tests/common/mod.rs"]
pub mod common;
#[path = "../../../core/capi/rust/tests/common/process.rs"]
mod process;
pub use process::{Function, UserMemory};

#[link(name = "ebpf_host_port", kind = "static", modifiers = "+whole-archive")]
extern "C" {}

#[link(name = "ebpf_test", kind = "static")]
extern "C" {
    fn ebpf_test_allocated_bytes() -> u64;
    fn ebpf_test_run_deferred() -> u64;
    fn ebpf_test_take_log(text: *mut u8, size: usize) -> usize;
    fn ebpf_test_traps_create() -> *mut c_void;
}

/// `struct ebpf_selftest_kernel` (core/selftest/selftest.h).
#[repr(C)]
struct SelftestKernel {
    start_task: usize,
    join_tasks: usize,
    yield_now: extern "C" fn(),
    of_other_tiers: [usize; 5],
    patches: u32,
    tiers: u32,
    of_timers_and_text: [bool; 2],
    table: Table,
}

/// How a kernel closes and copies a descriptor of whoever calls, and opens a
/// file of its own; negative: it cannot.
#[repr(C)]
pub struct Table {
    pub close_fd: extern "C" fn(i32) -> i32,
    pub duplicate_fd: extern "C" fn(i32) -> i32,
    pub open_own: extern "C" fn() -> i32,
}

extern "C" {
    fn ebpf_port_selftest(kernel: *const SelftestKernel) -> u32;
}

extern "C" fn yield_now() {
    unsafe { ebpf_test_run_deferred() };
}

/// Every case of T2, core/platform/files.h and mappable.h, holds in the kernel,
/// and none is skipped.
pub fn expect_files_of(table: Table) {
    let kernel = SelftestKernel {
        start_task: 0,
        join_tasks: 0,
        yield_now,
        of_other_tiers: [0; 5],
        patches: 0,
        tiers: 1 << 2,
        of_timers_and_text: [false; 2],
        table,
    };
    let mut text = [0; 16 << 10];
    unsafe { ebpf_test_take_log(text.as_mut_ptr(), text.len()) };
    let failed = unsafe { ebpf_port_selftest(&kernel) };
    let size = unsafe { ebpf_test_take_log(text.as_mut_ptr(), text.len()) };
    let log = String::from_utf8_lossy(&text[..size]);
    assert_eq!(failed, 0, "{log}");
    assert!(log.ends_with(", T2 11 of 11\n"), "{log}");
}

#[link(name = "stdc++")]
extern "C" {}

struct HostPort;

unsafe impl Exported for HostPort {
    const EXPORTS: &'static [&'static [Export]] = &[];
}

/// What a port's own init does behind its services; 0 or -errno.
pub fn init() -> i32 {
    unsafe { ebpf_test_traps_create() }; // for good
    let result = ebpf::init::<HostPort>(&ebpf::Options::default());
    result.map_or_else(|errno| -errno.number(), |()| 0)
}

/// Runs what was left to a task, and says how much memory is then in use.
pub fn settled() -> u64 {
    unsafe {
        while ebpf_test_run_deferred() != 0 {}
        ebpf_test_allocated_bytes()
    }
}

/// What the glues are called with.
impl UserMemory {
    /// `bpf(BPF_MAP_CREATE)`'s arguments for an array of one value of 8 bytes.
    pub fn array(&self, flags: u32) -> [usize; 3] {
        [0, self.put(&[2, 4, 8, 1, flags]) as usize, 20]
    }

    /// `bpf(BPF_MAP_UPDATE_ELEM)`'s, of that value.
    pub fn update(&self, map: usize, value: u64) -> [usize; 3] {
        let attr = [map as u64, self.put(&0u64), self.put(&value), 0];
        [2, self.put(&attr) as usize, 32]
    }

    /// `perf_event_open`'s first: an event that programs write to,
    /// which is off.
    pub fn output_event(&self) -> usize {
        let mut attr = [0u32; 18];
        (attr[0], attr[1], attr[2], attr[10]) = (1, 72, 10, 1);
        self.put(&attr) as usize
    }
}
