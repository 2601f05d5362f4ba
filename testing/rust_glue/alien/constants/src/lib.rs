// SPDX-License-Identifier: MIT
//! Linux's numbers, negative, as far as the glue says them.
#![no_std]

#[repr(isize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinuxErrno {
    EPERM = -1,
    ENOENT = -2,
    EAGAIN = -11,
    ENOMEM = -12,
    EFAULT = -14,
    EBUSY = -16,
    EINVAL = -22,
    ENOSPC = -28,
    ESPIPE = -29,
    ENOSYS = -38,
}

pub type AlienResult<T> = Result<T, LinuxErrno>;

pub mod io {
    pub enum SeekFrom {
        Start(u64),
    }

    #[derive(Debug, PartialEq, Eq)]
    pub struct OpenFlags(u32);

    impl OpenFlags {
        pub const O_RDWR: OpenFlags = OpenFlags(2);
    }

    /// (The bits are those of poll(2); how they are made is not among the facts.)
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PollEvents(pub u16);

    impl PollEvents {
        pub const fn from_bits_truncate(bits: u16) -> Self {
            Self(bits)
        }
    }

    impl core::ops::BitOr for PollEvents {
        type Output = Self;

        fn bitor(self, other: Self) -> Self {
            Self(self.0 | other.0)
        }
    }

    impl core::ops::BitAnd for PollEvents {
        type Output = Self;

        fn bitand(self, other: Self) -> Self {
            Self(self.0 & other.0)
        }
    }
}
