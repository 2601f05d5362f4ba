// SPDX-License-Identifier: MIT
//! What a kernel on the host port has: text that can be probed, and the calling
//! process's memory. Its own file, for tests with `ebpf_test` only; each of them
//! needs some of it.
#![allow(dead_code)]

use std::ffi::{c_void, CStr};

extern "C" {
    fn ebpf_test_text_create(name: *const i8, code: *const u8, size: usize) -> *mut c_void;
    fn ebpf_test_text_address(text: *const c_void) -> u64;
    fn ebpf_test_text_delete(text: *mut c_void);
    fn ebpf_test_user_create(size: usize) -> *mut c_void;
    fn ebpf_test_user_put(memory: *mut c_void, from: *const c_void, size: usize) -> u64;
    fn ebpf_test_user_delete(memory: *mut c_void);
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

/// The calling process's.
pub struct UserMemory(*mut c_void);

impl UserMemory {
    pub fn new() -> UserMemory {
        UserMemory(unsafe { ebpf_test_user_create(4096) })
    }

    /// Where it puts it.
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
