// SPDX-License-Identifier: MIT
//! A lock that is not reentrant: as the real one panics, so does this.
#![no_std]

use core::cell::{RefCell, RefMut};

pub struct Mutex<T>(RefCell<T>);

pub type MutexGuard<'a, T> = RefMut<'a, T>;

unsafe impl<T> Send for Mutex<T> {}
unsafe impl<T> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.borrow_mut()
    }
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_borrow_mut().ok()
    }
}
