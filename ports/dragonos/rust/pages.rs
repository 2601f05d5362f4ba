// SPDX-License-Identifier: MIT
//! Memory that processes map. DragonOS maps pages of a page cache, and only those
//! that were allocated for one; so each piece of core's has one of its own.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::ptr::NonNull;

use ebpf::{platform::Mappable, Locked};

use super::PAGE;
use crate::arch::MMArch;
use crate::debug::sysfs::debugfs_kobj;
use crate::filesystem::page_cache::{PageCache, PageCacheWritebackDomain};
use crate::filesystem::vfs::{FileSystem, FsInfo, IndexNode, SuperBlock};
use crate::mm::allocator::page_frame::PageFrameCount;
use crate::mm::fault::{PageFaultHandler, PageFaultMessage};
use crate::mm::page::{allocate_registered_intrinsic_unevictable_pages_exact, PageFlags};
use crate::mm::{MemoryManagementArch, VmFaultReason};

/// The page caches that core's memory stands in, by its address.
static MEMORY: Locked<BTreeMap<usize, Arc<PageCache>>> = Locked::new(BTreeMap::new());

struct Memory;

unsafe impl Mappable for Memory {
    fn alloc(size: usize) -> Option<NonNull<u8>> {
        const MOST: usize = 1 << 30; // the kernel counts in smaller numbers
        if size > MOST {
            return None;
        }
        let count = PageFrameCount::new(size / PAGE);
        let batch = allocate_registered_intrinsic_unevictable_pages_exact(count).ok()?;
        let begin = unsafe { MMArch::phys_2_virt(batch.start_paddr()) }?.data() as *mut u8;
        unsafe { begin.write_bytes(0, size) };
        for page in batch.pages() {
            page.write().add_flags(PageFlags::PG_UPTODATE);
        }
        let cache = PageCache::new_unowned(None, None);
        cache.adopt_preallocated_unevictable_batch(0, batch).ok()?;
        MEMORY.with(|memory| memory.insert(begin as usize, cache));
        NonNull::new(begin)
    }

    unsafe fn free(memory: NonNull<u8>, _size: usize) {
        let begin = memory.as_ptr() as usize;
        drop(MEMORY.with(|memory| memory.remove(&begin))); // it may sleep
    }
}

ebpf::export_services!(Memory: Mappable);

/// What processes see of a file: the page cache, once there is one, that has the
/// file's memory from its first page on, and up to where it is theirs.
#[derive(Debug, Default)]
pub struct Shown(Locked<(Weak<PageCache>, usize)>);

impl Shown {
    pub fn page_cache(&self) -> Option<Arc<PageCache>> {
        self.0.with(|(cache, _)| cache.upgrade())
    }

    /// From now on the memory at `begin` is seen, or more of it, up to its byte
    /// `end`. None: it is none of ours.
    pub fn show(&self, begin: usize, end: usize) -> Option<()> {
        let cache = MEMORY.with(|memory| memory.get(&begin).map(Arc::downgrade))?;
        self.0.with(|shown| *shown = (cache, shown.1.max(end)));
        Some(())
    }
}

/// There is nothing that a path could be asked of files of ours.
fn debugfs() -> Arc<dyn FileSystem> {
    debugfs_kobj().inode().expect("debugfs is mounted").fs()
}

impl FileSystem for Shown {
    fn page_cache_writeback_domain(&self) -> Option<&Arc<PageCacheWritebackDomain>> {
        None
    }
    fn root_inode(&self) -> Arc<dyn IndexNode> {
        debugfs().root_inode()
    }
    fn info(&self) -> FsInfo {
        debugfs().info()
    }
    fn super_block(&self) -> SuperBlock {
        debugfs().super_block()
    }
    fn name(&self) -> &str {
        "anon_inodefs"
    }
    fn as_any_ref(&self) -> &dyn Any {
        self
    }
    /// SIGBUS behind the end, as in the second copy of a ring's data, where no
    /// record of the kernel's goes.
    unsafe fn fault(&self, message: &mut PageFaultMessage) -> VmFaultReason {
        let size = self.0.with(|shown| shown.1);
        unsafe { PageFaultHandler::filemap_fault_with_stable_size(message, size) }
    }
    unsafe fn page_mkwrite(&self, _message: &mut PageFaultMessage) -> VmFaultReason {
        VmFaultReason::empty()
    }
    /// Each page by its own `fault`, which knows the end.
    unsafe fn map_pages(
        &self, _message: &mut PageFaultMessage, _start: usize, _end: usize,
    ) -> VmFaultReason {
        VmFaultReason::empty()
    }
}
