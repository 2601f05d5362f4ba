// SPDX-License-Identifier: MIT
//! Linux's eBPF subsystem for kernels that are not Linux: the safe face of
//! `core/capi/ebpf.h`, for kernels in Rust.
//!
//! A kernel gives services by implementing [`platform::Platform`] and, for more
//! than programs and maps, the traits beside it, and exports them by
//! [`export_platform!`]. It calls [`init`] once, [`hooks`] in its traps, and
//! passes system calls to a [`UserClient`] of the calling process. Its own
//! places that tell of what happens are declared by [`tracepoint!`] and passed by
//! [`trace!`].
//!
//! "Context" in these pages is where a function may be called: *task*
//! (interrupts on, no spin lock held), or *any*, which includes traps and NMI.
#![no_std]

extern crate alloc;

mod client;
mod clients;
mod errno;
pub mod events;
mod file;
pub mod frame;
pub mod hooks;
mod kernel_client;
mod late;
mod locked;
mod once;
pub mod platform;
mod program;
pub mod sys;
mod system;
pub mod text;
pub mod tracepoint;
mod tree;
mod watched;

pub use client::{Client, Fd, Pages, PinEntry, UserClient};
pub use clients::{bpf, perf_event_open, Clients};
pub use errno::{register, Errno, Result};
pub use file::{File, Mapping};
pub use kernel_client::{KernelClient, Link, Map, MapSpec};
pub use locked::Locked;
pub use once::Once;
pub use program::{Program, ProgramSpec};
pub use system::{
    exit, init, name_to_c, read_trace, set_jit, symbol_of, text_of_c, Options, Symbol,
};
pub use watched::Watched;
