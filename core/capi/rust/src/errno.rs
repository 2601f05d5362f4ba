// SPDX-License-Identifier: MIT
//! Errors are Linux's numbers.

use core::fmt;

/// One of Linux's errno numbers, positive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(i32);

/// What a call that can fail returns.
pub type Result<T> = core::result::Result<T, Errno>;

macro_rules! errnos {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl Errno {
            $(#[doc = $text] pub const $name: Errno = Errno($number);)*

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Errno::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

// Those that this crate's calls name by themselves; others come as numbers.
errnos! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    EIO = 5, "Input/output error";
    ENXIO = 6, "No such device or address";
    E2BIG = 7, "Argument list too long";
    EBADF = 9, "Bad file descriptor";
    EAGAIN = 11, "Resource temporarily unavailable";
    ENOMEM = 12, "Cannot allocate memory";
    EACCES = 13, "Permission denied";
    EFAULT = 14, "Bad address";
    EBUSY = 16, "Device or resource busy";
    EEXIST = 17, "File exists";
    ENODEV = 19, "No such device";
    ENOTDIR = 20, "Not a directory";
    EISDIR = 21, "Is a directory";
    EINVAL = 22, "Invalid argument";
    ENOSPC = 28, "No space left on device";
    ENOSYS = 38, "Function not implemented";
    EOPNOTSUPP = 95, "Operation not supported";
}

impl Errno {
    /// Of a positive number; anything else is [`Errno::EINVAL`].
    pub const fn new(number: i32) -> Errno {
        if number > 0 {
            Errno(number)
        } else {
            Errno::EINVAL
        }
    }

    /// The number, positive.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// As a system call returns it: negative.
    pub const fn to_return(self) -> i64 {
        -(self.0 as i64)
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Errno({})", self.0),
        }
    }
}

/// As a system call's register has a result: a value, or a negative errno.
pub fn register(result: Result<i64>) -> i64 {
    result.unwrap_or_else(Errno::to_return)
}

/// Makes a function from [`Errno`] to a kernel's own enumeration of errors, which
/// has Linux's names; what is not among the names that are listed is the one
/// behind `else`.
///
/// ```
/// #[derive(Debug, PartialEq)]
/// enum SystemError {
///     ENOENT,
///     EINVAL,
/// }
/// ebpf::errno_names! {
///     /// Errors of the file layer.
///     fn error(Errno) -> SystemError: ENOENT, else EINVAL
/// }
/// assert_eq!(error(ebpf::Errno::ENOENT), SystemError::ENOENT);
/// assert_eq!(error(ebpf::Errno::EBUSY), SystemError::EINVAL);
/// ```
#[macro_export]
macro_rules! errno_names {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $function:ident(Errno) -> $error:ty: $($name:ident)*, else $other:ident
    ) => {
        $(#[$attribute])*
        $visibility fn $function(errno: $crate::Errno) -> $error {
            match errno {
                $($crate::Errno::$name => <$error>::$name,)*
                _ => <$error>::$other,
            }
        }
    };
}

/// A result of `ebpf.h`: a value, or a negative errno.
pub(crate) fn check(result: i64) -> Result<i64> {
    if result < 0 {
        Err(Errno::new(result.unsigned_abs() as i32))
    } else {
        Ok(result)
    }
}

pub(crate) fn check_nothing(result: i64) -> Result<()> {
    check(result).map(|_| ())
}

/// The other way round, for services that a kernel gives.
#[doc(hidden)]
pub fn to_c(result: Result<()>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(errno) => -errno.number(),
    }
}
