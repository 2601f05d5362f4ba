// SPDX-License-Identifier: MIT
//! The host port and its kernel, while one of these lives.

use std::ffi::c_void;

use ebpf::platform::{Export, Exported};
use ebpf::tracepoint::Tracepoint;

#[path = "../common/process.rs"]
mod process;
pub use process::{Function, UserMemory};

// The host port is all there is of this archive that must win over core's
// defaults, whether somebody mentions it or not.
#[link(name = "ebpf_host_port", kind = "static", modifiers = "+whole-archive")]
extern "C" {}

#[link(name = "ebpf_test", kind = "static")]
extern "C" {
    fn ebpf_test_traps_create() -> *mut c_void;
    fn ebpf_test_traps_delete(traps: *mut c_void);
    fn ebpf_test_trap_create() -> *mut c_void;
    fn ebpf_test_trap_delete(trap: *mut c_void);
    fn ebpf_test_allocated_bytes() -> u64;
    fn ebpf_test_run_deferred() -> u64;
    fn ebpf_test_count_sites(tracepoint: *const Tracepoint) -> usize;
}

#[link(name = "stdc++")]
extern "C" {}

/// Stands for the services that are there already, in C++.
struct HostPort;

unsafe impl Exported for HostPort {
    const EXPORTS: &'static [&'static [Export]] = &[];
}

/// A kernel that runs; nothing is left of it behind its end.
pub struct Kernel {
    traps: *mut c_void,
}

impl Kernel {
    pub fn start() -> Kernel {
        let traps = unsafe { ebpf_test_traps_create() };
        ebpf::init::<HostPort>(&ebpf::Options::default()).expect("init");
        Kernel { traps }
    }
}

pub fn init_again() -> ebpf::Result<()> {
    ebpf::init::<HostPort>(&ebpf::Options::default())
}

impl Drop for Kernel {
    fn drop(&mut self) {
        unsafe {
            ebpf::exit();
            ebpf_test_traps_delete(self.traps);
        }
        if !std::thread::panicking() {
            assert_eq!(unsafe { ebpf_test_allocated_bytes() }, 0);
        }
    }
}

/// Runs it as a trap's handler.
pub fn in_trap<T>(handler: impl FnOnce() -> T) -> T {
    let trap = unsafe { ebpf_test_trap_create() };
    let result = handler();
    unsafe { ebpf_test_trap_delete(trap) };
    result
}

/// Has a task do what was handed to one.
pub fn run_deferred() -> u64 {
    unsafe { ebpf_test_run_deferred() }
}

pub fn count_sites(tracepoint: &Tracepoint) -> usize {
    unsafe { ebpf_test_count_sites(tracepoint) }
}
