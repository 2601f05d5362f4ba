// SPDX-License-Identifier: MIT
//! Runs tests one after the other in the main thread, which is CPU 0 of the host
//! port.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::ExitCode;

pub type Test = (&'static str, fn());

/// A test's name and itself.
#[macro_export]
macro_rules! tests {
    ($($module:ident: $($name:ident),* $(,)?;)*) => {
        &[$($((concat!(stringify!($module), ".", stringify!($name)), $module::$name),)*)*]
    };
}

/// Those whose names have the first argument of the command in them, or all.
pub fn run(suite: &str, tests: &[Test]) -> ExitCode {
    let filter = std::env::args().nth(1).filter(|f| !f.starts_with('-'));
    let mut failed = 0;
    for (name, test) in tests {
        if filter.as_ref().is_some_and(|f| !name.contains(f.as_str())) {
            continue;
        }
        // As tools/test_summary.py reads it.
        match catch_unwind(AssertUnwindSafe(test)) {
            Ok(()) => println!("[TEST] OK {suite}.{name}"),
            Err(_) => {
                println!("[TEST] FAIL {suite}.{name}");
                failed += 1;
            }
        }
    }
    ExitCode::from(u8::from(failed != 0))
}
