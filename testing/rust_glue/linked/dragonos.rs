// SPDX-License-Identifier: MIT
//! Where DragonOS's own code calls the glue, by the lines of
//! ports/dragonos/README.md.

#[path = "kernel.rs"]
mod kernel;

use alloc::sync::Arc;
use core::ffi::{c_int, c_void};

use crate::arch::interrupt::TrapFrame;
use crate::filesystem::vfs::file::File;
use crate::mm::{VirtAddr, VmFlags};

unsafe extern "C" {
    fn ebpf_port_selftest(kernel: *const c_void) -> c_int;
}

#[no_mangle]
extern "C" fn kernel_init() {
    if let Err(error) = crate::ebpf_glue::init() {
        log::info!("ebpf: {error:?}");
    }
    unsafe { ebpf_port_selftest(core::ptr::null()) };
}

#[no_mangle]
extern "C" fn tick_handle_periodic(trap_frame: &TrapFrame) {
    crate::ebpf_glue::on_tick(trap_frame);
}

#[no_mangle]
extern "C" fn drop_stack(begin: usize) {
    crate::ebpf_glue::on_stack_end(VirtAddr::new(begin), 0x8000);
}

fn status(result: Result<usize, system_error::SystemError>) -> usize {
    result.unwrap_or_else(|error| error.to_posix_errno() as usize)
}

#[no_mangle]
extern "C" fn sys_bpf(args: &[usize; 6]) -> usize {
    status(crate::ebpf_glue::bpf(args))
}

#[no_mangle]
extern "C" fn sys_perf_event_open(args: &[usize; 6]) -> usize {
    status(crate::ebpf_glue::perf_event_open(args))
}

#[no_mangle]
extern "C" fn map_file(file: &Arc<File>, vm_flags: &mut VmFlags) {
    crate::ebpf_glue::limit_mapping(file, vm_flags);
}

#[cfg(target_arch = "x86_64")]
mod traps {
    use super::TrapFrame;

    unsafe extern "C" {
        fn ebpf_breakpoint_entry();
    }

    // entry.S; and the gate of #BP, as trap_init has it.
    core::arch::global_asm!(
        ".globl _start, dragonos_trap_int3",
        "_start: call kernel_init",
        "dragonos_trap_int3: jmp dragonos_trap_int3",
    );

    #[no_mangle]
    static BREAKPOINT_GATE: unsafe extern "C" fn() = ebpf_breakpoint_entry;

    #[no_mangle]
    extern "C" fn do_page_fault(regs: &mut TrapFrame) {
        if crate::ebpf_glue::on_fault(regs) {
            return;
        }
        let _interruption = crate::ebpf_glue::Interruption::of(regs);
    }

    #[no_mangle]
    extern "C" fn do_general_protection(regs: &mut TrapFrame) {
        if crate::ebpf_glue::on_fault(regs) {
            return;
        }
        panic!("the kernel's own way");
    }

    #[no_mangle]
    extern "C" fn x86_64_do_irq(trap_frame: &mut TrapFrame) {
        let _interruption = crate::ebpf_glue::Interruption::of(trap_frame);
        crate::ebpf_glue::on_ipi(trap_frame);
    }
}

#[cfg(target_arch = "riscv64")]
mod traps {
    use super::TrapFrame;

    core::arch::global_asm!(".globl _start", "_start: call kernel_init");

    #[no_mangle]
    extern "C" fn riscv64_do_exception(trap_frame: &mut TrapFrame) {
        if crate::ebpf_glue::on_exception(trap_frame) {
            return;
        }
        panic!("the kernel's own way");
    }

    #[no_mangle]
    extern "C" fn riscv64_do_irq(trap_frame: &mut TrapFrame) {
        let _interruption = crate::ebpf_glue::Interruption::of(trap_frame);
    }
}
