// SPDX-License-Identifier: MIT
//! What Alien has, but under no name that we know: to be copied to
//! kernel/src/ebpf_fill_in.rs and filled in there. Each is safe as it stands and
//! costs something; ports/alien/README.md says what, and what to write.

/// Ticks of rdtime a second: the device tree's timebase-frequency, where
/// somebody reads it. The constant is the VisionFive's idea of it: on QEMU times
/// run at 0.8 of their speed.
pub fn timer_frequency() -> u64 {
    platform::config::CLOCK_FREQ as u64
}

/// Functions that may fail at a program's wish (bpf_override_return).
pub fn may_fail(_function: usize) -> bool {
    false
}
