// SPDX-License-Identifier: MIT
pub struct PosixTimeSpec {
    pub tv_sec: i64,
    pub tv_nsec: i64,
}

pub trait TimeArch {
    fn get_cycles() -> usize;
}

pub mod timekeeping {
    pub fn monotonic_now() -> super::PosixTimeSpec {
        super::PosixTimeSpec { tv_sec: 7, tv_nsec: 5 }
    }
}
