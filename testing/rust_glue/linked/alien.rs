// SPDX-License-Identifier: MIT
//! Where Alien's own code calls the glue, by the lines of ports/alien/README.md.

#[path = "kernel.rs"]
mod kernel;

use alloc::sync::Arc;
use core::ffi::{c_int, c_void};

use constants::AlienResult;
use vfs::kfile::File;

use crate::task::Task;

/// trap/context.rs has both.
#[repr(C)]
struct KTrapFrame([usize; 34]);
#[repr(C)]
struct TrapFrame([usize; 40]);

unsafe extern "C" {
    fn ebpf_port_selftest(kernel: *const c_void) -> c_int;
}

core::arch::global_asm!(".globl _start", "_start: call main");

#[no_mangle]
fn main() {
    if let Err(error) = crate::ebpf_glue::init() {
        platform::console::console_write(if error as i32 == 0 { "?" } else { "ebpf" });
    }
    unsafe { ebpf_port_selftest(core::ptr::null()) };
}

#[no_mangle]
fn ebreak_handler(frame: &mut KTrapFrame) {
    if crate::ebpf_glue::on_breakpoint(frame) {
        return;
    }
    panic!("the kernel's own way");
}

#[no_mangle]
fn do_kernel_handle(ktrap: &mut KTrapFrame) {
    if crate::ebpf_glue::on_kernel_fault(ktrap) {
        return;
    }
    crate::ebpf_glue::on_tick(ktrap);
}

#[no_mangle]
fn do_user_handle(frame: &mut TrapFrame) {
    crate::ebpf_glue::on_user_tick(frame);
}

#[no_mangle]
fn do_exit(task: &Arc<Task>) {
    crate::ebpf_glue::on_task_exit(task);
}

#[no_mangle]
fn syscall_bpf(cmd: u32, attr: *mut u8, size: u32) -> AlienResult<isize> {
    crate::ebpf_glue::bpf(cmd, attr, size)
}

#[no_mangle]
fn sys_perf_event_open(
    attr: *const u8, pid: i32, cpu: i32, group_fd: i32, flags: u32,
) -> AlienResult<isize> {
    crate::ebpf_glue::perf_event_open(attr, pid, cpu, group_fd, flags)
}

#[no_mangle]
fn add_mmap(file: &Arc<dyn File>, va: usize, len: usize, may_write: bool) -> AlienResult<bool> {
    let space = mem::kernel_space();
    crate::ebpf_glue::map(file, (va, len, 0, may_write), |va, pa, size, flags| {
        space.lock().map_region(va, pa, size, flags, false)
    })
}
