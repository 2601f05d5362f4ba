// SPDX-License-Identifier: MIT
//! The host port and its kernel, while one of these lives.

use std::ffi::{c_void, CStr};

use ebpf::platform::{Export, Exported};
use ebpf::tracepoint::Tracepoint;

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
    fn ebpf_test_text_create(name: *const i8, code: *const u8, size: usize) -> *mut c_void;
    fn ebpf_test_text_address(text: *const c_void) -> u64;
    fn ebpf_test_text_delete(text: *mut c_void);
    fn ebpf_test_user_create(size: usize) -> *mut c_void;
    fn ebpf_test_user_put(memory: *mut c_void, from: *const c_void, size: usize) -> u64;
    fn ebpf_test_user_delete(memory: *mut c_void);
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

/// "Kernel text" that can be probed.
pub struct Function(*mut c_void);

impl Function {
    /// `nop; ret`
    pub fn new(name: &CStr) -> Function {
        Function::with_code(name, &[0x90, 0xc3])
    }

    pub fn with_code(name: &CStr, code: &[u8]) -> Function {
        Function(unsafe { ebpf_test_text_create(name.as_ptr(), code.as_ptr(), code.len()) })
    }

    pub fn address(&self) -> u64 {
        unsafe { ebpf_test_text_address(self.0) }
    }

    pub fn call(&self) {
        let address = self.address();
        let function = unsafe { std::mem::transmute::<u64, extern "C" fn()>(address) };
        function();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        unsafe { ebpf_test_text_delete(self.0) }
    }
}

/// Runs it as a trap's handler.
pub fn in_trap<T>(handler: impl FnOnce() -> T) -> T {
    let trap = unsafe { ebpf_test_trap_create() };
    let result = handler();
    unsafe { ebpf_test_trap_delete(trap) };
    result
}

/// The calling process's memory.
pub struct UserMemory(*mut c_void);

impl UserMemory {
    pub fn new() -> UserMemory {
        UserMemory(unsafe { ebpf_test_user_create(4096) })
    }

    pub fn put<T>(&self, value: &T) -> u64 {
        let from = value as *const T as *const c_void;
        unsafe { ebpf_test_user_put(self.0, from, size_of::<T>()) }
    }
}

impl Drop for UserMemory {
    fn drop(&mut self) {
        unsafe { ebpf_test_user_delete(self.0) }
    }
}

/// Has a task do what was handed to one.
pub fn run_deferred() -> u64 {
    unsafe { ebpf_test_run_deferred() }
}

pub fn count_sites(tracepoint: &Tracepoint) -> usize {
    unsafe { ebpf_test_count_sites(tracepoint) }
}
