// SPDX-License-Identifier: MIT
//! The subsystem as a whole: its start, its engine, its names, its trace.

use core::ffi::{c_char, CStr};
use core::ptr;

use crate::errno::{check_nothing, Result};
use crate::platform::Exported;
use crate::sys;

/// How programs are executed. The default: compiled, if the kernel has
/// executable memory, for what the CPU that asks can do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What all CPUs can do beyond their type, as bits of
    /// `arch/<isa>/macro_assembler.h`. None: what this one says it can. Where
    /// CPUs differ the kernel asks each.
    pub cpu_features: Option<u64>,
    /// Never compiled: Linux's bpf_jit_enable = 0.
    pub interpret: bool,
    /// Constants of programs do not appear in executable memory: Linux's
    /// bpf_jit_harden.
    pub blind_constants: bool,
}

/// Starts the subsystem on the services of `P`. EEXIST, ENOMEM. Context: task,
/// once at boot, by one caller, with the services working.
pub fn init<P: Exported>(options: &Options) -> Result<()> {
    // What nobody mentions a linker leaves in its archive, and takes core's
    // default for it. The first look at the table keeps it from that.
    for service in P::EXPORTS {
        let _ = unsafe { ptr::read_volatile(service) };
    }
    let options = sys::ebpf_options {
        cpu_features: options
            .cpu_features
            .unwrap_or_else(|| unsafe { sys::ebpf_cpu_features() }),
        interpret: options.interpret,
        blind_constants: options.blind_constants,
    };
    let result = unsafe { sys::ebpf_init(&raw const sys::EBPF_MACHINE, &options) };
    check_nothing(result.into())
}

/// Ends it. Context: task.
///
/// # Safety
/// No client is left, and nobody calls anything of this crate's any more.
pub unsafe fn exit() {
    unsafe { sys::ebpf_exit() }
}

/// Linux's bpf_jit_enable and bpf_jit_harden, for programs that are loaded from
/// now on. EOPNOTSUPP to `enable` a compiler where there is none, ENOSYS before
/// [`init`]. Context: task.
pub fn set_jit(enable: bool, harden: bool) -> Result<()> {
    check_nothing(unsafe { sys::ebpf_set_jit(enable, harden) }.into())
}

/// A compiled program, for backtraces.
#[derive(Clone, Copy)]
pub struct Symbol {
    name: [u8; 48],
    /// Where its code begins, and how long it is.
    pub begin: u64,
    /// In bytes.
    pub size: u64,
}

impl Symbol {
    /// `bpf_prog_<tag>_<name>`.
    pub fn name(&self) -> &str {
        text_of(&self.name)
    }
}

/// The compiled program whose code contains `address`. Context: any.
pub fn symbol_of(address: u64) -> Option<Symbol> {
    let mut symbol = Symbol {
        name: [0; 48],
        begin: 0,
        size: 0,
    };
    let found = unsafe {
        sys::ebpf_symbol_by_address(
            address,
            &mut symbol.name,
            &mut symbol.begin,
            &mut symbol.size,
        )
    };
    found.then_some(symbol)
}

/// Moves whole lines out of the trace, oldest first, as many as fit; how many
/// bytes. `to` has at least [`sys::EBPF_TRACE_LINE_MAX`], or nothing comes. What
/// trace_pipe gives, but never blocking. Context: task.
pub fn read_trace(to: &mut [u8]) -> usize {
    unsafe { sys::ebpf_trace_read(to.as_mut_ptr(), to.len()) }
}

/// The characters before the zero; nothing if they are no UTF-8.
pub(crate) fn text_of(field: &[u8]) -> &str {
    let end = field.iter().position(|&c| c == 0).unwrap_or(field.len());
    core::str::from_utf8(&field[..end]).unwrap_or("")
}

/// A string of C's, for the kernel's own functions; `ebpf` if it is no UTF-8.
///
/// # Safety
/// It ends with a zero, and stays.
pub unsafe fn text_of_c(text: *const c_char) -> &'static str {
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("ebpf")
}

/// Writes a name as C has it, as much of it as fits with a zero; false if there is
/// none, or no room.
///
/// # Safety
/// `size` bytes at `to` can be written.
pub unsafe fn name_to_c(name: &str, to: *mut u8, size: usize) -> bool {
    if size == 0 || name.is_empty() {
        return false;
    }
    let used = name.len().min(size - 1);
    unsafe {
        to.copy_from_nonoverlapping(name.as_ptr(), used);
        to.add(used).write(0);
    }
    true
}
