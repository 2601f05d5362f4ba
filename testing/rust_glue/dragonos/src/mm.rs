// SPDX-License-Identifier: MIT
/// Where the stub has physical address 0.
pub const DIRECT_MAP: usize = 0xffff_8000_0000_0000;

macro_rules! address {
    ($name:ident) => {
        #[derive(Clone, Copy, Debug)]
        pub struct $name(usize);

        impl $name {
            pub const fn new(address: usize) -> Self {
                Self(address)
            }
            pub const fn data(&self) -> usize {
                self.0
            }
        }
    };
}
address!(VirtAddr);
address!(PhysAddr);

pub trait MemoryManagementArch {
    unsafe fn phys_2_virt(address: PhysAddr) -> Option<VirtAddr>;
}

pub mod allocator {
    pub mod page_frame {
        use crate::mm::PhysAddr;

        pub struct PageFrameCount(usize);

        impl PageFrameCount {
            pub const fn new(count: usize) -> Self {
                Self(count)
            }
        }

        pub struct PhysPageFrame(usize);

        impl PhysPageFrame {
            pub fn new(address: PhysAddr) -> Self {
                Self(address.data())
            }
        }

        pub unsafe fn allocate_page_frames(
            count: PageFrameCount,
        ) -> Option<(PhysAddr, PageFrameCount)> {
            calls::called!("allocate_page_frames {}", count.0);
            (count.0 <= 64).then(|| (PhysAddr::new(0x10_0000), count))
        }

        pub unsafe fn deallocate_page_frames(frame: PhysPageFrame, count: PageFrameCount) {
            calls::called!("deallocate_page_frames {:#x} {}", frame.0, count.0);
        }
    }
}

pub mod page {
    use core::marker::PhantomData;

    pub struct EntryFlags<Arch> {
        pub writes: bool,
        pub executes: bool,
        arch: PhantomData<Arch>,
    }

    impl<Arch> Clone for EntryFlags<Arch> {
        fn clone(&self) -> Self {
            *self
        }
    }

    impl<Arch> Copy for EntryFlags<Arch> {}

    impl<Arch> EntryFlags<Arch> {
        pub fn new() -> Self {
            Self { writes: false, executes: false, arch: PhantomData }
        }
        pub fn set_write(self, value: bool) -> Self {
            Self { writes: value, ..self }
        }
        pub fn set_execute(self, value: bool) -> Self {
            Self { executes: value, ..self }
        }
    }

    #[must_use]
    pub struct PageFlush<Arch>(pub PhantomData<Arch>);

    impl<Arch> PageFlush<Arch> {
        pub fn flush(self) {}
    }
}

pub mod kernel_mapper {
    use core::marker::PhantomData;

    use super::page::{EntryFlags, PageFlush};
    use super::VirtAddr;
    use crate::arch::MMArch;

    pub struct KernelMapper(PageMapper);
    pub struct PageMapper;

    impl KernelMapper {
        pub fn lock() -> Self {
            Self(PageMapper)
        }
        pub fn as_mut(&mut self) -> Option<&mut PageMapper> {
            Some(&mut self.0)
        }
    }

    impl PageMapper {
        pub unsafe fn remap(
            &mut self, address: VirtAddr, flags: EntryFlags<MMArch>,
        ) -> Option<PageFlush<MMArch>> {
            let (writes, executes) = (flags.writes, flags.executes);
            calls::called!("remap {:#x} {writes} {executes}", address.data());
            (address.data() != 0).then_some(PageFlush(PhantomData))
        }
    }
}

pub mod tlb {
    use super::VirtAddr;

    pub fn flush_tlb_kernel_range(start: VirtAddr, end: VirtAddr, freed_tables: bool) {
        calls::called!("flush {:#x} {:#x} {freed_tables}", start.data(), end.data());
    }
}

pub mod mmio_buddy {
    use system_error::SystemError;

    use super::page::EntryFlags;
    use super::{PhysAddr, VirtAddr};
    use crate::arch::MMArch;

    pub struct MmioBuddyMemPool;
    pub struct MMIOSpaceGuard;

    pub fn mmio_pool() -> &'static MmioBuddyMemPool {
        &MmioBuddyMemPool
    }

    impl MmioBuddyMemPool {
        pub fn create_mmio(&self, size: usize) -> Result<MMIOSpaceGuard, SystemError> {
            calls::called!("create_mmio {size}");
            Ok(MMIOSpaceGuard)
        }
    }

    impl MMIOSpaceGuard {
        pub fn vaddr(&self) -> VirtAddr {
            VirtAddr::new(0xffff_a100_0000_0000)
        }
        pub unsafe fn map_phys_with_flags(
            &self, address: PhysAddr, length: usize, flags: EntryFlags<MMArch>,
        ) -> Result<(), SystemError> {
            calls::called!("map {:#x} {length} {}", address.data(), flags.writes);
            Ok(())
        }
    }

    impl Drop for MMIOSpaceGuard {
        fn drop(&mut self) {
            calls::called!("unmapped");
        }
    }
}
