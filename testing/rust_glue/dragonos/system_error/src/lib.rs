// SPDX-License-Identifier: MIT
//! Linux's numbers, as far as the glue says them.
#![no_std]

#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemError {
    EPERM = 1,
    ENOENT = 2,
    EBADF = 9,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    EINVAL = 22,
    EMFILE = 24,
    ENOSPC = 28,
    ENOSYS = 38,
}

impl SystemError {
    pub fn to_posix_errno(&self) -> i32 {
        -(*self as i32)
    }
}
