// SPDX-License-Identifier: MIT
//! DragonOS's side of ports/dragonos: the C functions of its kernel.h, and the
//! hooks that the kernel's handlers call. A module of the kernel's crate:
//! ports/dragonos/README.md tells the line, and the lines that call in here.
//!
//! Paths and signatures are those of DragonOS at f64a0d563.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::addr_of;
use core::slice;
use core::sync::atomic::{AtomicBool, Ordering};

use ebpf::Clients;
use system_error::SystemError;

use crate::arch::interrupt::TrapFrame;
use crate::arch::CurrentTimeArch;
use crate::ebpf_fill_in as fill_in;
use crate::exception::softirq::{softirq_vectors, SoftirqNumber, SoftirqVec};
use crate::libs::{rand::rand_bytes, wait_queue::WaitQueue};
use crate::mm::VirtAddr;
use crate::process::cred::{capable, CAPFlags};
use crate::process::kthread::{KernelThreadClosure, KernelThreadMechanism};
use crate::process::ProcessManager;
use crate::smp::core::smp_get_processor_id;
use crate::smp::cpu::{smp_cpu_manager, ProcessorId};
use crate::syscall::user_access::{copy_from_user_protected, copy_to_user_protected};
use crate::text_patch::validate_control_context;
use crate::time::{timekeeping::monotonic_now, TimeArch};

mod files;
mod pages;
// What is one CPU's: the hooks in its handlers, and what its kernel.h asks.
#[cfg(target_arch = "riscv64")]
mod riscv64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[allow(unused_imports)] // the kernel may have new texts shown, and need not
pub use files::show_texts;
pub use files::{bpf, limit_mapping, perf_event_open};
#[cfg(target_arch = "riscv64")]
pub use riscv64::on_exception;
#[cfg(target_arch = "x86_64")]
pub use x86_64::{on_fault, on_ipi};

const PAGE: usize = 4096;

unsafe extern "C" {
    safe fn ebpf_dragonos_init() -> c_int;
    safe fn ebpf_dragonos_interrupted(frame: &TrapFrame) -> usize;
    safe fn ebpf_dragonos_resume(interruption: usize);
    safe fn ebpf_dragonos_softirq();
    /// First in the handler of the CPU's timer.
    #[link_name = "ebpf_dragonos_tick"]
    pub safe fn on_tick(frame: &TrapFrame);
    // The linker script's.
    static _text: u8;
    static _etext: u8;
}

// The second link's blob; nothing of it before.
ebpf::late_symbols!(fn symbols: ebpf_symbols_begin, ebpf_symbols_end);

/// In `kenrel_init_freeable`, behind `crate::perf::release::init()`. Context:
/// task.
pub fn init() -> Result<(), SystemError> {
    softirq_vectors().register_softirq(SoftirqNumber::EBPF, Arc::new(Softirq))?;
    Clients::start_behind(ebpf_dragonos_init()).map_err(files::error)?;
    show_texts()
}

/// Where a process's kernel stack is dropped: nothing runs there any more.
pub fn on_stack_end(begin: VirtAddr, size: usize) {
    unsafe { ebpf::hooks::task_exit(begin.data(), begin.data() + size) }
}

/// While one lives, the code that `frame` interrupted has yet to go on: the first
/// statement of handlers that may give up the CPU.
pub struct Interruption(usize);

impl Interruption {
    /// Interrupts are off.
    pub fn of(frame: &TrapFrame) -> Self {
        Self(ebpf_dragonos_interrupted(frame))
    }
}

impl Drop for Interruption {
    /// Leaves interrupts masked, up to the way out.
    fn drop(&mut self) {
        ebpf_dragonos_resume(self.0)
    }
}

#[derive(Debug)]
struct Softirq;

impl SoftirqVec for Softirq {
    fn run(&self) {
        ebpf_dragonos_softirq()
    }
}

/// Our kernel thread sleeps on one until the other is set.
static WORKER: WaitQueue = WaitQueue::default();
static WORK: AtomicBool = AtomicBool::new(false);

/// kernel.h's `struct dragonos_range`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Range {
    pub begin: usize,
    pub end: usize,
}

/// Linux's pid and tgid of the process that runs, once there are some.
fn ids() -> (u32, u32) {
    if !ProcessManager::initialized() {
        return (0, 0);
    }
    let process = ProcessManager::current_pcb();
    (process.raw_pid().data() as u32, process.raw_tgid().data() as u32)
}

// The contract's: core/platform says what each is.
ebpf::export_port_functions_of_rust!(ebpf_port_alloc ebpf_port_free ebpf_port_panic);
ebpf::export_port_functions! {
    #[unsafe(link_section = "ebpf_noprobe")]
    fn ebpf_port_cpu_id() -> u32 { smp_get_processor_id().data() }
    fn ebpf_port_cpu_count() -> u32 {
        // The one CPU of RISC-V may be any hart.
        smp_cpu_manager().present_cpus_count().max(smp_get_processor_id().data() + 1)
    }
    fn ebpf_port_random() -> u64 { u64::from_ne_bytes(rand_bytes::<8>()) }
    fn ebpf_port_copy_from_user(to: *mut u8, from: u64, size: usize) -> bool {
        let at = VirtAddr::new(from as usize);
        size == 0 || copy_from_user_protected(slice::from_raw_parts_mut(to, size), at).is_ok()
    }
    fn ebpf_port_copy_to_user(to: u64, from: *const u8, size: usize) -> bool {
        let at = VirtAddr::new(to as usize);
        size == 0 || copy_to_user_protected(at, slice::from_raw_parts(from, size)).is_ok()
    }
    fn ebpf_port_capable(number: c_int) -> bool {
        capable(match number {
            38 => CAPFlags::CAP_PERFMON,
            39 => CAPFlags::CAP_BPF,
            _ => CAPFlags::CAP_SYS_ADMIN, // DragonOS names no others
        })
    }
    fn ebpf_port_may_override(function: usize) -> bool { fill_in::may_fail(function) }
    fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32) { (*pid, *tgid) = ids() }
    fn ebpf_port_task_pid() -> u32 { ids().0 }
    fn ebpf_port_task_comm(name: *mut u8, size: usize) -> bool {
        fill_in::current_comm(slice::from_raw_parts_mut(name, size))
    }
}

// In the order of kernel.h, which says what each is.
ebpf::export_functions! {
    fn dragonos_cpu_online(cpu: u32) -> bool {
        smp_cpu_manager().is_online_cpu(ProcessorId::new(cpu))
    }
    fn dragonos_preempt_disable() { ProcessManager::preempt_disable() }
    fn dragonos_preempt_enable() { ProcessManager::preempt_enable() }
    fn dragonos_preempt_counter() -> usize { fill_in::PREEMPT_COUNTER }
    fn dragonos_may_rendezvous() -> bool { validate_control_context().is_ok() }
    fn dragonos_monotonic_ns() -> u64 {
        let now = monotonic_now();
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }
    fn dragonos_cycles() -> u64 { CurrentTimeArch::get_cycles() as u64 }
    fn dragonos_log(text: *const u8, size: usize) {
        let text = String::from_utf8_lossy(slice::from_raw_parts(text, size));
        log::info!("{}", text.trim_end())
    }
    fn dragonos_kthread(
        name: *const c_char,
        body: extern "C" fn(*mut c_void) -> c_int,
        argument: *mut c_void
    ) -> bool {
        let argument = argument as usize; // what C hands on may go to a thread
        let run = Box::new(move || body(argument as *mut c_void));
        let closure = KernelThreadClosure::EmptyClosure((run, ()));
        KernelThreadMechanism::create_and_run(closure, ebpf::text_of_c(name).to_string()).is_some()
    }
    fn dragonos_raise_softirq() { softirq_vectors().raise_softirq(SoftirqNumber::EBPF) }
    fn dragonos_worker_sleep() {
        // A signal wakes it for nothing, and it looks.
        let _ = WORKER.wait_event_interruptible(|| WORK.swap(false, Ordering::AcqRel), None::<fn()>);
    }
    fn dragonos_worker_wake() {
        WORK.store(true, Ordering::Release);
        WORKER.wake_all();
    }
    fn dragonos_symbols(data: *mut *const c_void, size: *mut usize) {
        let [begin, end] = symbols().unwrap_or_default();
        *data = begin as *const c_void;
        *size = end - begin;
    }
    fn dragonos_text() -> Range {
        Range { begin: addr_of!(_text) as usize, end: addr_of!(_etext) as usize }
    }
    fn dragonos_no_probe(index: usize) -> Range { fill_in::no_probe(index, dragonos_text()) }
    fn dragonos_odd_place(index: usize) -> Range { fill_in::odd_place(index, dragonos_text()) }
}
