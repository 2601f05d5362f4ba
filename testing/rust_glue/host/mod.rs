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
    fn ebpf_test_traps_create() -> *mut c_void;
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
