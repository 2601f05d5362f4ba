// SPDX-License-Identifier: MIT
#![no_std]

pub fn read_timer() -> usize {
    1234
}
