// SPDX-License-Identifier: MIT
#![no_std]

extern crate alloc;

pub mod addr {
    macro_rules! address {
        ($name:ident) => {
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name(usize);

            impl From<usize> for $name {
                fn from(address: usize) -> Self {
                    Self(address)
                }
            }

            impl $name {
                pub const fn as_usize(&self) -> usize {
                    self.0
                }
            }
        };
    }
    address!(VirtAddr);
    address!(PhysAddr);
}

pub mod pte {
    /// Bits V R W X U G A D, RSD.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct MappingFlags(u32);

    const LETTERS: &str = "VRWXUGAD";

    impl MappingFlags {
        /// "Copy on write".
        pub const RSD: MappingFlags = MappingFlags(1 << 8);

        pub const fn contains(&self, other: MappingFlags) -> bool {
            self.0 & other.0 == other.0
        }
        /// For the tests.
        pub fn and(self, other: MappingFlags) -> MappingFlags {
            MappingFlags(self.0 | other.0)
        }
    }

    impl From<&str> for MappingFlags {
        fn from(letters: &str) -> Self {
            let bit = |letter| 1 << LETTERS.find(letter).expect("a letter of a flag");
            Self(letters.chars().map(bit).sum())
        }
    }

    impl core::fmt::Debug for MappingFlags {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            let is_set = |(bit, _): &(usize, char)| self.0 >> bit & 1 != 0;
            LETTERS.chars().enumerate().filter(is_set).try_for_each(|(_, c)| write!(f, "{c}"))
        }
    }
}

#[derive(Debug)]
pub struct PagingError;

pub type PagingResult<T = ()> = Result<T, PagingError>;

pub enum PageSize {
    Size4K,
}

pub mod table {
    use super::addr::{PhysAddr, VirtAddr};
    use super::pte::MappingFlags;
    use super::{PageSize, PagingError, PagingResult};
    use calls::called;

    /// What `query` finds, of the tests.
    pub struct Sv39PageTable<A>(pub Option<(PhysAddr, MappingFlags)>, pub A);

    impl<A> Sv39PageTable<A> {
        pub fn map_region(
            &mut self, va: VirtAddr, pa: PhysAddr, size: usize, flags: MappingFlags,
            allow_huge: bool,
        ) -> PagingResult {
            let (va, pa) = (va.as_usize(), pa.as_usize());
            called!("map {va:#x} to {pa:#x} {size} {flags:?} {allow_huge}");
            if va == 0 {
                Err(PagingError)
            } else {
                Ok(())
            }
        }
        pub fn unmap_region(&mut self, va: VirtAddr, size: usize) -> PagingResult {
            called!("unmap {:#x} {size}", va.as_usize());
            Ok(())
        }
        pub fn query(&self, va: VirtAddr) -> PagingResult<(PhysAddr, MappingFlags, PageSize)> {
            called!("query {:#x}", va.as_usize());
            let (pa, flags) = self.0.ok_or(PagingError)?;
            Ok((pa, flags, PageSize::Size4K))
        }
    }
}
