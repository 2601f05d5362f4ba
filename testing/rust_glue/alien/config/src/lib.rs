// SPDX-License-Identifier: MIT
#![no_std]

pub const CPU_NUM: usize = 1;
pub const USER_KERNEL_STACK_SIZE: usize = 0x2000;
