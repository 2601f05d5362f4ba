// SPDX-License-Identifier: MIT
//! The macro of the crate `log` that glues say things by.
#![no_std]

/// The stub kernel that says it writes it down.
#[allow(clippy::crate_in_macro_def)]
#[macro_export]
macro_rules! info {
    ($($words:tt)*) => { crate::called!($($words)*) };
}
