// SPDX-License-Identifier: MIT
//
//! rbpf's interpreter and JIT behind four C functions, for the harness of the
//! benchmarks (peer_rbpf.cc), which is their only caller.

use std::slice;

pub struct Peer {
    vm: rbpf::EbpfVmRaw<'static>,
}

/// A program of `size` bytes, compiled too; null where rbpf refuses it.
///
/// # Safety
/// `program` points to `size` readable bytes.
#[no_mangle]
pub unsafe extern "C" fn rbpf_peer_new(program: *const u8, size: usize) -> *mut Peer {
    // The machine borrows its program; it is small, and there are few.
    let own: &'static [u8] =
        Box::leak(slice::from_raw_parts(program, size).to_vec().into_boxed_slice());
    let Ok(mut vm) = rbpf::EbpfVmRaw::new(Some(own)) else {
        return std::ptr::null_mut();
    };
    if vm.jit_compile().is_err() {
        return std::ptr::null_mut();
    }
    Box::into_raw(Box::new(Peer { vm }))
}

/// r0 of `count` runs' last one, in the interpreter; all ones where it fails.
///
/// # Safety
/// `peer` is from rbpf_peer_new, `memory` points to `size` bytes of the caller's.
#[no_mangle]
pub unsafe extern "C" fn rbpf_peer_interpret(
    peer: *mut Peer,
    memory: *mut u8,
    size: usize,
    count: u64,
) -> u64 {
    let mut result = 0;
    for _ in 0..count {
        let memory = slice::from_raw_parts_mut(memory, size);
        result = (*peer).vm.execute_program(memory).unwrap_or(u64::MAX);
    }
    result
}

/// The same, compiled.
///
/// # Safety
/// As for rbpf_peer_interpret; and the program stays inside its memory.
#[no_mangle]
pub unsafe extern "C" fn rbpf_peer_run_jit(
    peer: *mut Peer,
    memory: *mut u8,
    size: usize,
    count: u64,
) -> u64 {
    let mut result = 0;
    for _ in 0..count {
        let memory = slice::from_raw_parts_mut(memory, size);
        result = (*peer).vm.execute_program_jit(memory).unwrap_or(u64::MAX);
    }
    result
}

/// # Safety
/// `peer` is from rbpf_peer_new and is not used any more.
#[no_mangle]
pub unsafe extern "C" fn rbpf_peer_delete(peer: *mut Peer) {
    drop(Box::from_raw(peer));
}
