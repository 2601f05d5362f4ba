// SPDX-License-Identifier: MIT
//! DragonOS's signatures, as far as ports/dragonos/rust calls them and no
//! further: what the facts of f64a0d563 say, and nothing behind it. What is
//! called is written down (`calls`).
#![no_std]
#![allow(clippy::new_without_default, clippy::missing_safety_doc)]

extern crate alloc;

pub mod arch;
pub mod debug;
pub mod exception;
pub mod filesystem;
pub mod libs;
pub mod mm;
pub mod process;
pub mod smp;
pub mod syscall;
pub mod text_patch;
pub mod time;

#[path = "../../../../ports/dragonos/rust/fill_in.rs"]
pub mod ebpf_fill_in;
#[path = "../../../../ports/dragonos/rust/glue.rs"]
pub mod ebpf_glue;
