// SPDX-License-Identifier: MIT
//! The kernel's own objects of which core tells that there is something to read.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ffi::c_void;

use crate::file::File;
use crate::locked::Locked;

/// Objects that stand for files of ours in the kernel's file layer, to be woken
/// by [`crate::platform::Wake::wake`]; none is kept by it. Context: task.
#[derive(Debug, Default)]
pub struct Watched<T>(Locked<Vec<Weak<T>>>);

impl<T> Watched<T> {
    /// None.
    pub const fn new() -> Watched<T> {
        Watched(Locked::new(Vec::new()))
    }

    /// From now on core tells of `object` when there is something to read from
    /// its `file`, if that is a file that tells. A second time changes nothing.
    pub fn watch(&self, object: &Arc<T>, file: &File) {
        let told = Arc::as_ptr(object);
        self.0.with(|all| {
            all.retain(|other| other.strong_count() != 0 && other.as_ptr() != told);
            all.push(Arc::downgrade(object));
        });
        // What is told of is looked for, and need not be there any more.
        let _ = unsafe { file.wake_readers(told as *mut c_void) };
    }

    /// What core told of, while it is there.
    pub fn get(&self, told: *mut c_void) -> Option<Arc<T>> {
        self.0.with(|all| {
            let found = all.iter().find(|one| one.as_ptr() as *mut c_void == told);
            found.and_then(Weak::upgrade)
        })
    }
}
