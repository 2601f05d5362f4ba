// SPDX-License-Identifier: MIT
//! One CPU, one task, no text to write, no processes.

use std::alloc::Layout;
use std::cell::Cell;
use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::Instant;

use ebpf::platform::{
    ebpf_context, ebpf_deferred, ebpf_this_cpu, Context, Defer, Interrupts, Platform, TaiClock,
    TaskPid, Tasks, ThisCpu,
};
use ebpf::sys::{EBPF_CONTEXT_RESCHED, EBPF_THIS_CPU_NO_PREEMPTION};

pub const IDS: (u32, u32) = (12, 34);

struct Kernel;
ebpf::export_platform!(Kernel: Interrupts, Tasks, TaskPid, Defer, TaiClock, ThisCpu, Context);

static BYTES: AtomicUsize = AtomicUsize::new(0);
static LOG: Mutex<String> = Mutex::new(String::new());
static DEFERRED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

thread_local! {
    static MASKED: Cell<usize> = const { Cell::new(0) };
    static START: Instant = Instant::now();
}

unsafe impl Platform for Kernel {
    fn alloc(layout: Layout) -> Option<NonNull<u8>> {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
    }
    unsafe fn free(memory: NonNull<u8>, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { std::alloc::dealloc(memory.as_ptr(), layout) }
    }
    fn cpu_id() -> u32 {
        0
    }
    fn cpu_count() -> u32 {
        1
    }
    fn time_ns() -> u64 {
        START.with(|start| start.elapsed().as_nanos() as u64)
    }
    fn random() -> u64 {
        4
    }
    fn log(text: &[u8]) {
        LOG.lock().unwrap().push_str(&String::from_utf8_lossy(text));
    }
    fn panic(what: &CStr) -> ! {
        panic!("{}", what.to_string_lossy())
    }
}

unsafe impl Interrupts for Kernel {
    fn irq_save() -> usize {
        MASKED.replace(1)
    }
    unsafe fn irq_restore(state: usize) {
        MASKED.set(state);
    }
    fn relax() {
        std::hint::spin_loop();
    }
}

unsafe impl Tasks for Kernel {
    fn task_ids() -> (u32, u32) {
        IDS
    }
}

unsafe impl TaskPid for Kernel {
    fn task_pid() -> u32 {
        IDS.0
    }
}

/// There is one task.
unsafe impl ThisCpu for Kernel {
    const THIS_CPU: ebpf_this_cpu = ebpf_this_cpu {
        facts: EBPF_THIS_CPU_NO_PREEMPTION,
        counter_offset: 0,
        stack_size: 0,
    };
}

unsafe impl Context for Kernel {
    const CONTEXT: ebpf_context = ebpf_context {
        facts: EBPF_CONTEXT_RESCHED,
        stride: 0,
        interrupts: core::ptr::null(),
        resched: &raw const NO_RESCHED,
    };
}
static NO_RESCHED: u32 = 0;

unsafe impl TaiClock for Kernel {
    fn time_tai_ns() -> u64 {
        1
    }
}

unsafe impl Defer for Kernel {
    unsafe fn defer(work: NonNull<ebpf_deferred>) -> bool {
        DEFERRED.lock().unwrap().push(work.as_ptr() as usize);
        true
    }
}

pub fn run_deferred() {
    for work in std::mem::take(&mut *DEFERRED.lock().unwrap()) {
        let work = work as *mut ebpf_deferred;
        unsafe { ((*work).run)(work) }
    }
}

pub fn log() -> String {
    LOG.lock().unwrap().clone()
}

/// The subsystem, while one of these lives; no memory is left behind its end.
pub struct Running;

impl Running {
    pub fn start() -> Running {
        ebpf::init::<Kernel>(&ebpf::Options::default()).expect("init");
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        unsafe { ebpf::exit() };
        run_deferred();
        if !std::thread::panicking() {
            assert_eq!(BYTES.load(Ordering::Relaxed), 0);
        }
    }
}
