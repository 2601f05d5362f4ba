// SPDX-License-Identifier: MIT
//! `core/capi/ebpf.h` and the structs of `core/platform` as they are, for who
//! needs what the safe face does not have. The headers say what each does.
//!
//! Layouts are pinned here, in `core/capi/rust_ffi.cc`, and by
//! `tests/layouts.rs`, which compares both compilers' offsets.
#![allow(missing_docs)]

use core::ffi::{c_char, c_int, c_void};
use core::mem::{align_of, offset_of, size_of};

/// Has no values in Rust: only C++ makes one.
#[repr(C)]
pub struct ebpf_machine {
    opaque: [u8; 0],
}

#[repr(C)]
pub struct ebpf_client {
    opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct ebpf_options {
    pub cpu_features: u64,
    pub interpret: bool,
    pub blind_constants: bool,
}

pub const EBPF_ORIGIN_USER: u32 = 0;
pub const EBPF_ORIGIN_KERNEL: u32 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ebpf_pin_entry {
    pub name: [u8; 256],
    pub is_directory: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ebpf_text_entry {
    pub name: [u8; 256],
    pub is_directory: bool,
    pub mode: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ebpf_pages {
    pub address: *mut c_void,
    pub size: usize,
    pub mirrored_size: usize,
    pub sealed: bool,
}

#[repr(C)]
pub struct ebpf_file {
    opaque: [u8; 0],
}

pub const EBPF_TRACE_LINE_MAX: usize = 1152;

/// `core/platform/defer.h`.
#[repr(C)]
pub struct ebpf_deferred {
    pub next: *mut ebpf_deferred,
    pub run: unsafe extern "C" fn(*mut ebpf_deferred),
}

/// `core/platform/symbols.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ebpf_symbol {
    pub address: usize,
    pub size: usize,
    pub entry: u64,
}

/// `core/platform/nofault.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ebpf_address_range {
    pub first: usize,
    pub last: usize,
}
pub const EBPF_MAX_NOFAULT_RANGES: usize = 2;

/// `core/platform/this_cpu.h`; `facts` is a sum of `EBPF_THIS_CPU_*`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ebpf_this_cpu {
    pub facts: u32,
    pub counter_offset: u32,
    pub stack_size: u64,
}
pub const EBPF_THIS_CPU_REGISTER: u32 = 1;
pub const EBPF_THIS_CPU_NO_PREEMPTION: u32 = 2;
pub const EBPF_THIS_CPU_COUNTER_BY_STACK: u32 = 4;
pub const EBPF_THIS_CPU_COUNTER_BY_REGISTER: u32 = 8;

/// `core/platform/this_cpu.h`; `facts` is a sum of `EBPF_CONTEXT_*`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ebpf_context {
    pub facts: u32,
    pub stride: u32,
    pub interrupts: *const u32,
    pub resched: *const u32,
}
// Its pointers are to what core only reads.
unsafe impl Sync for ebpf_context {}
pub const EBPF_CONTEXT_INTERRUPT_MASK: u32 = 1;
pub const EBPF_CONTEXT_PREEMPT_DEPTH: u32 = 2;
pub const EBPF_CONTEXT_INTERRUPTS: u32 = 4;
pub const EBPF_CONTEXT_RESCHED: u32 = 8;

/// `core/platform/timer.h`.
#[repr(C)]
pub struct ebpf_timer {
    pub expired: unsafe extern "C" fn(*mut ebpf_timer),
    pub port: [u64; 6],
}

use crate::frame::PtRegs;

extern "C" {
    pub fn ebpf_init(machine: *const ebpf_machine, options: *const ebpf_options) -> c_int;
    pub fn ebpf_set_jit(enable: bool, harden: bool) -> c_int;
    pub fn ebpf_symbol_by_address(
        address: u64,
        name: *mut [u8; 48],
        begin: *mut u64,
        size: *mut u64,
    ) -> bool;
    pub fn ebpf_exit();

    pub fn ebpf_on_breakpoint(regs: *mut PtRegs) -> bool;
    pub fn ebpf_breakpoint_entry();
    pub fn ebpf_on_fault(regs: *mut PtRegs) -> bool;
    pub fn ebpf_fix_fault(regs: *mut PtRegs) -> bool;
    pub fn ebpf_task_exit(stack_begin: u64, stack_end: u64);

    pub fn ebpf_client_create(origin: u32) -> *mut ebpf_client;
    pub fn ebpf_client_create_for_callers() -> *mut ebpf_client;
    pub fn ebpf_client_limit_memlock(client: *mut ebpf_client, bytes: u64);
    pub fn ebpf_client_delete(client: *mut ebpf_client);
    pub fn ebpf_bpf(client: *mut ebpf_client, command: u32, attr: u64, size: u32) -> i64;
    pub fn ebpf_perf_event_open(
        client: *mut ebpf_client,
        attr: u64,
        pid: i32,
        cpu: i32,
        group_fd: i32,
        flags: u64,
    ) -> i64;
    pub fn ebpf_close(client: *mut ebpf_client, fd: i32) -> i64;
    pub fn ebpf_dup(client: *mut ebpf_client, fd: i32) -> i64;
    pub fn ebpf_read(client: *mut ebpf_client, fd: i32, to: u64, size: u64) -> i64;
    pub fn ebpf_write(client: *mut ebpf_client, fd: i32, from: u64, size: u64) -> i64;
    pub fn ebpf_poll(client: *mut ebpf_client, fd: i32) -> i64;
    pub fn ebpf_ioctl(client: *mut ebpf_client, fd: i32, command: u32, argument: u64) -> i64;
    pub fn ebpf_fd_wake(client: *mut ebpf_client, fd: i32, file: *mut c_void) -> i64;
    pub fn ebpf_fd_name(client: *mut ebpf_client, fd: i32, name: *mut *const c_char) -> i64;
    pub fn ebpf_fd_info(client: *mut ebpf_client, fd: i32, text: *mut u8, size: usize) -> i64;
    pub fn ebpf_file_keep(file: *mut ebpf_file);
    pub fn ebpf_file_put(file: *mut ebpf_file);
    pub fn ebpf_file_put_later(file: *mut ebpf_file);
    pub fn ebpf_file_read(
        client: *mut ebpf_client,
        file: *mut ebpf_file,
        to: u64,
        size: u64,
    ) -> i64;
    pub fn ebpf_file_write(
        client: *mut ebpf_client,
        file: *mut ebpf_file,
        from: u64,
        size: u64,
    ) -> i64;
    pub fn ebpf_file_poll(file: *mut ebpf_file) -> i64;
    pub fn ebpf_file_ioctl(
        client: *mut ebpf_client,
        file: *mut ebpf_file,
        command: u32,
        argument: u64,
    ) -> i64;
    pub fn ebpf_file_mmap(
        client: *mut ebpf_client,
        file: *mut ebpf_file,
        offset: u64,
        size: u64,
        protection: u32,
        pages: *mut ebpf_pages,
    ) -> i64;
    pub fn ebpf_file_wake(file: *mut ebpf_file, port_file: *mut c_void) -> i64;
    pub fn ebpf_file_name(file: *mut ebpf_file) -> *const c_char;
    pub fn ebpf_file_info(file: *mut ebpf_file, text: *mut u8, size: usize) -> i64;
    pub fn ebpf_pin_mkdir(client: *mut ebpf_client, path: u64) -> i64;
    pub fn ebpf_pin_unlink(client: *mut ebpf_client, path: u64) -> i64;
    pub fn ebpf_pin_rmdir(client: *mut ebpf_client, path: u64) -> i64;
    pub fn ebpf_pin_open(client: *mut ebpf_client, path: u64) -> i64;
    pub fn ebpf_pin_read(
        client: *mut ebpf_client,
        path: u64,
        index: u32,
        entry: *mut ebpf_pin_entry,
    ) -> i64;
    pub fn ebpf_text_path(index: u32, mode: *mut u32) -> *const c_char;
    pub fn ebpf_text_open(client: *mut ebpf_client, path: u64, flags: u32) -> i64;
    pub fn ebpf_text_list(
        client: *mut ebpf_client,
        path: u64,
        index: u32,
        entry: *mut ebpf_text_entry,
    ) -> i64;
    pub fn ebpf_text_stat(client: *mut ebpf_client, path: u64, entry: *mut ebpf_text_entry) -> i64;
    pub fn ebpf_text_read(
        client: *mut ebpf_client,
        index: u32,
        offset: u64,
        to: u64,
        size: u64,
    ) -> i64;
    pub fn ebpf_kernel_types(size: *mut usize) -> *const c_void;
    pub fn ebpf_cgroup_device_allowed(
        cgroup: *const c_void,
        r#type: u32,
        access: u32,
        major: u32,
        minor: u32,
    ) -> c_int;
    pub fn ebpf_cgroup_removed(cgroup: *const c_void);
    pub fn ebpf_mmap(
        client: *mut ebpf_client,
        fd: i32,
        offset: u64,
        size: u64,
        protection: u32,
        pages: *mut ebpf_pages,
    ) -> i64;
    pub fn ebpf_trace_read(to: *mut u8, size: usize) -> usize;
}

// What core is told of this CPU: arch/<isa>/machine_ops.h, by the name that C++
// gives it; and arch/<isa>/machine/cpu_features.h.
extern "C" {
    #[cfg_attr(target_arch = "x86_64", link_name = "_ZN4ebpf6x86_6411kMachineOpsE")]
    #[cfg_attr(target_arch = "aarch64", link_name = "_ZN4ebpf7aarch6411kMachineOpsE")]
    #[cfg_attr(target_arch = "riscv64", link_name = "_ZN4ebpf7riscv6411kMachineOpsE")]
    pub static EBPF_MACHINE: ebpf_machine;

    #[cfg_attr(target_arch = "x86_64", link_name = "_ZN4ebpf6x86_6411CpuFeaturesEv")]
    #[cfg_attr(target_arch = "aarch64", link_name = "_ZN4ebpf7aarch6411CpuFeaturesEv")]
    #[cfg_attr(target_arch = "riscv64", link_name = "_ZN4ebpf7riscv6411CpuFeaturesEv")]
    pub fn ebpf_cpu_features() -> u64;
}

const _: () = {
    assert!(size_of::<ebpf_options>() == 16);
    assert!(offset_of!(ebpf_options, interpret) == 8);
    assert!(offset_of!(ebpf_options, blind_constants) == 9);
    assert!(size_of::<ebpf_pin_entry>() == 257);
    assert!(offset_of!(ebpf_pin_entry, is_directory) == 256);
    assert!(size_of::<ebpf_text_entry>() == 264);
    assert!(offset_of!(ebpf_text_entry, is_directory) == 256);
    assert!(offset_of!(ebpf_text_entry, mode) == 260);
    assert!(size_of::<ebpf_pages>() == 32 && align_of::<ebpf_pages>() == 8);
    assert!(offset_of!(ebpf_pages, size) == 8);
    assert!(offset_of!(ebpf_pages, mirrored_size) == 16);
    assert!(offset_of!(ebpf_pages, sealed) == 24);
    assert!(size_of::<ebpf_deferred>() == 16);
    assert!(offset_of!(ebpf_deferred, run) == 8);
    assert!(size_of::<ebpf_symbol>() == 24);
    assert!(offset_of!(ebpf_symbol, size) == 8);
    assert!(offset_of!(ebpf_symbol, entry) == 16);
    assert!(size_of::<ebpf_address_range>() == 16);
    assert!(offset_of!(ebpf_address_range, last) == 8);
    assert!(size_of::<ebpf_this_cpu>() == 16);
    assert!(offset_of!(ebpf_this_cpu, counter_offset) == 4);
    assert!(offset_of!(ebpf_this_cpu, stack_size) == 8);
    assert!(size_of::<ebpf_context>() == 24);
    assert!(offset_of!(ebpf_context, stride) == 4);
    assert!(offset_of!(ebpf_context, interrupts) == 8);
    assert!(offset_of!(ebpf_context, resched) == 16);
    assert!(size_of::<ebpf_timer>() == 56);
    assert!(offset_of!(ebpf_timer, port) == 8);
};
