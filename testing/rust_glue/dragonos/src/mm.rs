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

macro_rules! flags {
    ($name:ident: $($flag:ident = $bits:literal,)*) => {
        /// (Its constants are not among the facts, nor what bitflags! makes.)
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(u32);

        impl $name {
            $(pub const $flag: Self = Self($bits);)*
        }
    };
}
flags! { VmFaultReason: VM_FAULT_SIGBUS = 2, }
flags! { VmFlags:
    VM_READ = 1,
    VM_WRITE = 2,
    VM_EXEC = 4,
    VM_SHARED = 8,
    VM_MAYWRITE = 0x20,
    VM_MAYEXEC = 0x40,
    VM_DONTEXPAND = 0x40000,
}

impl VmFaultReason {
    pub const fn empty() -> Self {
        Self(0)
    }
}

impl VmFlags {
    /// For the tests.
    pub fn of(bits: u32) -> Self {
        Self(bits)
    }
    pub const fn contains(&self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
    pub fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }
}

pub mod fault {
    use alloc::sync::Arc;

    use super::VmFaultReason;
    use crate::filesystem::vfs::file::File;
    use crate::mm::page::Page;

    /// What is in it is the stub's.
    pub struct PageFaultMessage {
        pub file: Arc<File>,
        pub index: usize,
        pub page: Option<Arc<Page>>,
    }

    pub struct PageFaultHandler;

    impl PageFaultHandler {
        pub unsafe fn filemap_fault_with_stable_size(
            message: &mut PageFaultMessage, size: usize,
        ) -> VmFaultReason {
            if message.index * 4096 >= size {
                return VmFaultReason::VM_FAULT_SIGBUS;
            }
            let cache = message.file.inode().page_cache().expect("there is one");
            message.page = cache.page(message.index);
            assert!(message.page.as_ref().expect("no file behind it").is_up_to_date());
            VmFaultReason::empty()
        }
    }
}

pub trait MemoryManagementArch {
    const PAGE_FAULT_ENABLED: bool;
    const PHYS_OFFSET: usize;
    const MMIO_BASE: VirtAddr;
    const MMIO_SIZE: usize;

    unsafe fn phys_2_virt(address: PhysAddr) -> Option<VirtAddr>;
}

pub mod allocator {
    pub mod page_frame {
        use crate::mm::PhysAddr;

        pub struct PageFrameCount(pub(in crate::mm) usize);

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
    use alloc::alloc::{alloc, dealloc, Layout};
    use alloc::sync::Arc;
    use alloc::vec::Vec;
    use core::marker::PhantomData;
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use system_error::SystemError;

    use super::allocator::page_frame::PageFrameCount;
    use super::{PhysAddr, DIRECT_MAP};

    /// Of batches, for the tests.
    pub static PAGES: AtomicUsize = AtomicUsize::new(0);
    pub const MOST_PAGES: usize = 1 << 10;

    /// (Its name is not among the facts.)
    pub struct PageFlags;

    impl PageFlags {
        pub const PG_UPTODATE: PageFlags = PageFlags;
    }

    /// What a batch's pages keep: they lie in one piece.
    struct Frames(*mut u8, usize);

    unsafe impl Send for Frames {}
    unsafe impl Sync for Frames {}

    impl Frames {
        fn layout(&self) -> Layout {
            Layout::from_size_align(self.1 * 4096, 4096).unwrap()
        }
    }

    impl Drop for Frames {
        fn drop(&mut self) {
            PAGES.fetch_sub(self.1, Ordering::Relaxed);
            unsafe { dealloc(self.0, self.layout()) }
        }
    }

    pub struct Page {
        frames: Arc<Frames>,
        index: usize,
        up_to_date: AtomicBool,
    }

    impl Page {
        pub fn write(&self) -> &Self {
            self
        }
        pub fn add_flags(&self, _flags: PageFlags) {
            self.up_to_date.store(true, Ordering::Relaxed);
        }
        /// For the tests.
        pub fn is_up_to_date(&self) -> bool {
            self.up_to_date.load(Ordering::Relaxed)
        }
        /// For the tests: where it is.
        pub fn bytes(&self) -> *mut u8 {
            unsafe { self.frames.0.add(self.index * 4096) }
        }
    }

    pub struct ManagedPageBatch(Vec<Arc<Page>>);

    impl ManagedPageBatch {
        pub fn start_paddr(&self) -> PhysAddr {
            PhysAddr::new((self.0[0].bytes() as usize).wrapping_sub(DIRECT_MAP))
        }
        pub fn pages(&self) -> &[Arc<Page>] {
            &self.0
        }
    }

    pub fn allocate_registered_intrinsic_unevictable_pages_exact(
        count: PageFrameCount,
    ) -> Result<ManagedPageBatch, SystemError> {
        if count.0 > MOST_PAGES {
            return Err(SystemError::ENOMEM);
        }
        let mut frames = Frames(core::ptr::null_mut(), count.0);
        frames.0 = unsafe { alloc(frames.layout()) };
        PAGES.fetch_add(count.0, Ordering::Relaxed);
        unsafe { frames.0.write_bytes(0xcc, count.0 * 4096) };
        let frames = Arc::new(frames);
        let page = |index| {
            let (frames, up_to_date) = (frames.clone(), AtomicBool::new(false));
            Arc::new(Page { frames, index, up_to_date })
        };
        Ok(ManagedPageBatch((0..count.0).map(page).collect()))
    }

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
