// SPDX-License-Identifier: MIT
//! The clients of a kernel with processes, made once, and its processes' system
//! calls.

use core::ffi::c_int;

use crate::client::UserClient;
use crate::errno::{check_nothing, register, Errno, Result};
use crate::kernel_client::KernelClient;
use crate::once::Once;

/// Who calls: every process, and the kernel itself.
#[derive(Debug)]
pub struct Clients {
    /// See [`UserClient::for_callers`].
    pub callers: UserClient,
    /// For file layers, which read to memory of the kernel.
    pub kernel: KernelClient,
}

static CLIENTS: Once<Clients> = Once::new();

impl Clients {
    /// Makes them, for good. EEXIST, ENOMEM. Context: task, behind `ebpf_init`.
    pub fn start() -> Result<()> {
        CLIENTS.set(|| {
            Ok(Clients {
                callers: UserClient::for_callers()?,
                kernel: KernelClient::new()?,
            })
        })
    }

    /// The same behind a port's own `init` in C++, which returned this: 0 or what
    /// went wrong, a negative errno.
    pub fn start_behind(init: c_int) -> Result<()> {
        check_nothing(init.into())?;
        Clients::start()
    }

    /// ENOSYS before there are any. Context: any.
    pub fn get() -> Result<&'static Clients> {
        CLIENTS.get().ok_or(Errno::ENOSYS)
    }
}

/// bpf(2) of the process that calls, from registers to the register: a value, or
/// a negative errno. Context: task.
pub fn bpf(command: u32, attr: u64, size: u32) -> i64 {
    register(Clients::get().and_then(|clients| clients.callers.bpf(command, attr, size)))
}

/// The same of perf_event_open(2).
pub fn perf_event_open(attr: u64, pid: i32, cpu: i32, group_fd: i32, flags: u64) -> i64 {
    let opened = Clients::get().and_then(|clients| {
        let callers = &clients.callers;
        callers.perf_event_open(attr, pid, cpu, group_fd, flags)
    });
    register(opened.map(|fd| fd.0.into()))
}
