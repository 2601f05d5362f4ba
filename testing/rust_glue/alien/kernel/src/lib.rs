// SPDX-License-Identifier: MIT
//! Alien's signatures, as far as ports/alien/rust calls them and no further: what
//! the facts of 1e34ef380 say, and nothing behind it. What is called is written
//! down (`calls`).
#![no_std]
#![allow(clippy::missing_safety_doc)]

extern crate alloc;

pub mod task;
pub mod trap;

#[path = "../../../../../ports/alien/rust/fill_in.rs"]
pub mod ebpf_fill_in;
#[path = "../../../../../ports/alien/rust/glue.rs"]
pub mod ebpf_glue;
