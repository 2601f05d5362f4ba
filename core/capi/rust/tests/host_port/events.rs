// SPDX-License-Identifier: MIT
//! Linux's own events, passed from Rust.

use std::ffi::CStr;

use ebpf::events::{self, SyscallNumbers, Task};
use ebpf::{Errno, KernelClient};

use crate::host::Kernel;

/// The lines that `pass` leaves in the trace while `event` is on, without what is
/// in front of the event's name.
fn lines_of(enable: &CStr, pass: impl Fn()) -> Vec<String> {
    let client = KernelClient::new().unwrap();
    client.write_text(enable, "1", 0).unwrap();
    pass();
    client.write_text(enable, "0", 0).unwrap();
    let mut text = vec![0; 1 << 16];
    let size = ebpf::read_trace(&mut text);
    let text = String::from_utf8_lossy(&text[..size]).into_owned();
    let event = |line: &str| line.split_once(": ").unwrap().1.to_string();
    text.lines().map(event).collect()
}

pub fn linuxs_events_are_passed() {
    let _kernel = Kernel::start();
    let prev = Task::new(c"before", 12, 120);
    let next = Task::new(c"after", 13, 100);
    let told = lines_of(
        c"/sys/kernel/tracing/events/sched/sched_switch/enable",
        || {
            events::sched_switch(false, &prev, &next, 1);
            events::sched_wakeup(&prev, 0); // not wanted
        },
    );
    assert_eq!(
        told,
        ["sched_switch: prev_comm=before prev_pid=12 prev_prio=120 \
          prev_state=S ==> next_comm=after next_pid=13 next_prio=100"]
    );
    let told = lines_of(c"/sys/kernel/tracing/events/irq/enable", || {
        events::irq_handler_entry(7, c"disk");
        events::irq_handler_exit(7, true);
        events::softirq_raise(4);
    });
    assert_eq!(
        told,
        [
            "irq_handler_entry: irq=7 name=disk",
            "irq_handler_exit: irq=7 ret=handled",
            "softirq_raise: vec=4 [action=BLOCK]",
        ]
    );
}

pub fn calls_have_events_of_their_own() {
    let _kernel = Kernel::start();
    let found = events::name_syscall_functions(SyscallNumbers::Generic, c"no_such_call_");
    assert_eq!(found, Err(Errno::ENOENT));
    events::name_syscalls(SyscallNumbers::Generic).unwrap();
    let told = lines_of(
        c"/sys/kernel/tracing/events/raw_syscalls/sys_enter/enable",
        || events::sys_enter(None, 57, &[3, 0, 0, 0, 0, 0]),
    );
    assert_eq!(told, ["sys_enter: NR 57 (3, 0, 0, 0, 0, 0)"]);
    let told = lines_of(
        c"/sys/kernel/tracing/events/syscalls/sys_enter_close/enable",
        || {
            events::sys_enter(None, 57, &[3, 0, 0, 0, 0, 0]);
            events::sys_exit(None, 57, -9);
        },
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("sys_close(fd: "), "{told:?}");
    unsafe { events::forget_syscalls() };
}
