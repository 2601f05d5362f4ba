// SPDX-License-Identifier: MIT
//! Linux's own events (`core/capi/ebpf_trace.h`), to be passed where they happen.
//! What each word is, Linux's names say; `core/tracepoints/README.md` lists them.
//!
//! A call costs a call, a no-op and a return while nobody wants the event. An
//! event is there where its function is called from somewhere. Context: any,
//! unless said otherwise.

use core::ffi::{c_char, c_int, c_void, CStr};
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr;

use crate::errno::{check, check_nothing, Result};
use crate::frame::PtRegs;

/// What events say of a task.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    task: *const c_void,
    comm: *const c_char,
    pid: i32,
    prio: i32,
    name: PhantomData<&'a CStr>,
}

impl<'a> Task<'a> {
    /// With its name, which events show 16 characters of, number and priority.
    pub const fn new(comm: &'a CStr, pid: i32, prio: i32) -> Task<'a> {
        Task {
            task: ptr::null(),
            comm: comm.as_ptr(),
            pid,
            prio,
            name: PhantomData,
        }
    }

    /// The kernel's own, which raw programs get where Linux gives its
    /// task_struct.
    pub const fn at(self, task: *const c_void) -> Task<'a> {
        Task { task, ..self }
    }
}

const _: () = {
    assert!(size_of::<Task<'_>>() == 24);
    assert!(offset_of!(Task<'_>, comm) == 8);
    assert!(offset_of!(Task<'_>, pid) == 16 && offset_of!(Task<'_>, prio) == 20);
};

/// As [`crate::tracepoint::LAYOUTS`].
#[doc(hidden)]
pub const LAYOUTS: &[(&str, &str, usize)] = &[
    ("Task", "", size_of::<Task<'_>>()),
    ("Task", "task", offset_of!(Task<'_>, task)),
    ("Task", "comm", offset_of!(Task<'_>, comm)),
    ("Task", "pid", offset_of!(Task<'_>, pid)),
    ("Task", "prio", offset_of!(Task<'_>, prio)),
];

/// What a function in C takes in place of an argument.
trait Passed {
    type C;
    fn pass(self) -> Self::C;
}

macro_rules! passed_as_they_are {
    ($($type:ty),*) => {$(
        impl Passed for $type {
            type C = $type;
            fn pass(self) -> $type {
                self
            }
        }
    )*};
}
passed_as_they_are!(bool, i32, u32, i64, u64, *const c_void);

impl Passed for &Task<'_> {
    type C = *const Task<'static>;
    fn pass(self) -> *const Task<'static> {
        ptr::from_ref(self).cast()
    }
}

impl Passed for &CStr {
    type C = *const c_char;
    fn pass(self) -> *const c_char {
        self.as_ptr()
    }
}

impl Passed for Option<&PtRegs> {
    type C = *const PtRegs;
    fn pass(self) -> *const PtRegs {
        self.map_or(ptr::null(), |regs| regs)
    }
}

impl Passed for &[u64; 6] {
    type C = *const u64;
    fn pass(self) -> *const u64 {
        self.as_ptr()
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $c_name:ident($($arg:ident: $type:ty),*);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name($($arg: $type),*) {
            extern "C" {
                fn $c_name($($arg: <$type as Passed>::C),*);
            }
            unsafe { $c_name($(Passed::pass($arg)),*) }
        }
    )*};
}

events! {
    /// sched:sched_switch; the state of who leaves: 0 running, 1 sleeping, 2 in a
    /// wait without signals, 4 stopped, 8 traced, 0x10 dead, 0x20 zombie, 0x40
    /// parked, 0x80 idle.
    sched_switch = ebpf_trace_sched_switch(
        preempt: bool, prev: &Task<'_>, next: &Task<'_>, prev_state: u32
    );
    /// sched:sched_waking
    sched_waking = ebpf_trace_sched_waking(task: &Task<'_>, cpu: i32);
    /// sched:sched_wakeup
    sched_wakeup = ebpf_trace_sched_wakeup(task: &Task<'_>, cpu: i32);
    /// sched:sched_wakeup_new
    sched_wakeup_new = ebpf_trace_sched_wakeup_new(task: &Task<'_>, cpu: i32);
    /// sched:sched_migrate_task
    sched_migrate_task = ebpf_trace_sched_migrate_task(
        task: &Task<'_>, from_cpu: i32, to_cpu: i32
    );
    /// sched:sched_process_fork
    sched_process_fork = ebpf_trace_sched_process_fork(parent: &Task<'_>, child: &Task<'_>);
    /// sched:sched_process_exec
    sched_process_exec = ebpf_trace_sched_process_exec(
        task: &Task<'_>, old_pid: i32, filename: &CStr
    );
    /// sched:sched_process_exit
    sched_process_exit = ebpf_trace_sched_process_exit(task: &Task<'_>, group_dead: bool);
    /// sched:sched_process_free
    sched_process_free = ebpf_trace_sched_process_free(task: &Task<'_>);
    /// task:task_newtask
    task_newtask = ebpf_trace_task_newtask(task: &Task<'_>, clone_flags: u64);
    /// task:task_rename
    task_rename = ebpf_trace_task_rename(task: &Task<'_>, comm: &CStr);
    /// irq:irq_handler_entry
    irq_handler_entry = ebpf_trace_irq_handler_entry(irq: i32, name: &CStr);
    /// irq:irq_handler_exit
    irq_handler_exit = ebpf_trace_irq_handler_exit(irq: i32, handled: bool);
    /// irq:softirq_raise; 0 HI, 1 TIMER, 2 NET_TX, 3 NET_RX, 4 BLOCK, 5 IRQ_POLL,
    /// 6 TASKLET, 7 SCHED, 8 HRTIMER, 9 RCU.
    softirq_raise = ebpf_trace_softirq_raise(vector: u32);
    /// irq:softirq_entry
    softirq_entry = ebpf_trace_softirq_entry(vector: u32);
    /// irq:softirq_exit
    softirq_exit = ebpf_trace_softirq_exit(vector: u32);
    /// timer:timer_start, in ticks
    timer_start = ebpf_trace_timer_start(
        timer: *const c_void, function: *const c_void, expires: u64, now: u64, flags: u32
    );
    /// timer:timer_expire_entry
    timer_expire_entry = ebpf_trace_timer_expire_entry(
        timer: *const c_void, function: *const c_void, now: u64, base: u64
    );
    /// timer:timer_expire_exit
    timer_expire_exit = ebpf_trace_timer_expire_exit(timer: *const c_void);
    /// timer:timer_cancel
    timer_cancel = ebpf_trace_timer_cancel(timer: *const c_void);
    /// timer:hrtimer_expire_entry, in nanoseconds
    hrtimer_expire_entry = ebpf_trace_hrtimer_expire_entry(
        timer: *const c_void, function: *const c_void, now: i64
    );
    /// timer:hrtimer_expire_exit
    hrtimer_expire_exit = ebpf_trace_hrtimer_expire_exit(timer: *const c_void);
    /// timer:hrtimer_cancel
    hrtimer_cancel = ebpf_trace_hrtimer_cancel(timer: *const c_void);
    /// exceptions:page_fault_user
    page_fault_user = ebpf_trace_page_fault_user(
        address: u64, pc: u64, error: u64, regs: Option<&PtRegs>
    );
    /// exceptions:page_fault_kernel
    page_fault_kernel = ebpf_trace_page_fault_kernel(
        address: u64, pc: u64, error: u64, regs: Option<&PtRegs>
    );
    /// net:netif_receive_skb, of a packet of the device `name`
    netif_receive_skb = ebpf_trace_netif_receive_skb(
        packet: *const c_void, size: u32, name: &CStr
    );
    /// net:netif_rx
    netif_rx = ebpf_trace_netif_rx(packet: *const c_void, size: u32, name: &CStr);
    /// net:net_dev_queue
    net_dev_queue = ebpf_trace_net_dev_queue(packet: *const c_void, size: u32, name: &CStr);
    /// net:net_dev_xmit
    net_dev_xmit = ebpf_trace_net_dev_xmit(
        packet: *const c_void, size: u32, name: &CStr, rc: i32
    );
    /// power:cpu_idle; the state `u32::MAX` ends it.
    cpu_idle = ebpf_trace_cpu_idle(state: u32, cpu: u32);
    /// power:cpu_frequency
    cpu_frequency = ebpf_trace_cpu_frequency(khz: u32, cpu: u32);
    /// raw_syscalls:sys_enter and, behind [`name_syscalls`], syscalls:*.
    sys_enter = ebpf_trace_sys_enter(
        regs: Option<&PtRegs>, number: i64, arguments: &[u64; 6]
    );
    /// raw_syscalls:sys_exit and, behind [`name_syscalls`], syscalls:*.
    sys_exit = ebpf_trace_sys_exit(regs: Option<&PtRegs>, number: i64, result: i64);
}

/// How a kernel numbers its system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallNumbers {
    /// As Linux on x86-64.
    X86_64 = 0,
    /// As Linux on AArch64 and RISC-V.
    Generic = 1,
}

extern "C" {
    fn ebpf_trace_syscalls_init(numbers: c_int) -> c_int;
    fn ebpf_trace_syscall_functions_init(numbers: c_int, prefix: *const c_char) -> c_int;
    fn ebpf_trace_syscalls_exit();
}

/// Makes an event of each call's entry and exit, by Linux's names. ENOMEM,
/// EEXIST. Context: task, behind [`crate::init`].
pub fn name_syscalls(numbers: SyscallNumbers) -> Result<()> {
    check_nothing(unsafe { ebpf_trace_syscalls_init(numbers as c_int) }.into())
}

/// The same for a kernel whose calls are functions that programs call, named
/// `prefix` and then as one of Linux's: probes pass sys_enter and sys_exit while
/// somebody wants them. How many there are; ENOENT, EOPNOTSUPP, ENOMEM, EEXIST.
/// Context: task, behind [`crate::init`].
pub fn name_syscall_functions(numbers: SyscallNumbers, prefix: &CStr) -> Result<usize> {
    let found = unsafe { ebpf_trace_syscall_functions_init(numbers as c_int, prefix.as_ptr()) };
    check(found.into()).map(|count| count as usize)
}

/// Takes away what either of these made.
///
/// # Safety
/// They are there. Context: task, before [`crate::exit`].
pub unsafe fn forget_syscalls() {
    unsafe { ebpf_trace_syscalls_exit() }
}
