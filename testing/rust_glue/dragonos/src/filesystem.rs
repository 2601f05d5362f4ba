// SPDX-License-Identifier: MIT
pub mod epoll {
    pub struct EPollItem;

    /// (Its constants are not among the facts.)
    pub struct EPollEventType;

    impl EPollEventType {
        pub const EPOLLIN: EPollEventType = EPollEventType;
    }

    pub mod event_poll {
        use alloc::sync::Arc;

        use system_error::SystemError;

        use super::{EPollEventType, EPollItem};

        pub struct EventPoll;

        impl EventPoll {
            pub fn wakeup_epoll(
                _pollers: &EPollItemList, _events: EPollEventType,
            ) -> Result<(), SystemError> {
                calls::called!("pollers woken");
                Ok(())
            }
        }

        #[derive(Default)]
        pub struct EPollItemList(());

        impl EPollItemList {
            pub fn add(&self, _item: Arc<EPollItem>) {
                calls::called!("poller added");
            }
            pub fn remove(&self, _item: &Arc<EPollItem>) -> Result<(), SystemError> {
                calls::called!("poller removed");
                Ok(())
            }
        }
    }
}

pub mod page_cache {
    use alloc::collections::BTreeMap;
    use alloc::sync::{Arc, Weak};
    use core::cell::UnsafeCell;

    use system_error::SystemError;

    use crate::filesystem::vfs::IndexNode;
    use crate::mm::page::{ManagedPageBatch, Page};

    pub struct PageCacheWritebackDomain;

    /// Its pages go with it.
    pub struct PageCache(UnsafeCell<BTreeMap<usize, Arc<Page>>>);

    unsafe impl Send for PageCache {}
    unsafe impl Sync for PageCache {}

    impl PageCache {
        /// (What the second is is not among the facts.)
        pub fn new_unowned(
            inode: Option<Weak<dyn IndexNode>>, backend: Option<()>,
        ) -> Arc<PageCache> {
            assert!(inode.is_none() && backend.is_none());
            Arc::new(PageCache(UnsafeCell::new(BTreeMap::new())))
        }
        pub fn adopt_preallocated_unevictable_batch(
            &self, start: usize, batch: ManagedPageBatch,
        ) -> Result<(), SystemError> {
            for (index, page) in batch.pages().iter().enumerate() {
                let old = unsafe { (*self.0.get()).insert(start + index, page.clone()) };
                assert!(old.is_none());
            }
            Ok(())
        }
        /// For the tests.
        pub fn page(&self, index: usize) -> Option<Arc<Page>> {
            unsafe { (*self.0.get()).get(&index).cloned() }
        }
    }
}

pub mod kernfs {
    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use alloc::sync::Arc;
    use core::any::Any;
    use core::cell::UnsafeCell;

    use system_error::SystemError;

    use self::callback::KernFSCallback;
    use super::page_cache::PageCacheWritebackDomain;
    use super::vfs::{file::FileFlags, FilePrivateData, FileSystem, IndexNode, InodeMode};
    use super::vfs::{FsInfo, SuperBlock};
    use crate::libs::mutex::MutexGuard;
    use crate::mm::fault::PageFaultMessage;
    use crate::mm::VmFaultReason;

    pub mod callback {
        use core::fmt::Debug;

        use system_error::SystemError;

        pub struct KernCallbackData;

        pub trait KernFSCallback: Send + Sync + Debug {
            fn open(&self, data: KernCallbackData) -> Result<(), SystemError>;
            fn read(
                &self, data: KernCallbackData, buf: &mut [u8], offset: usize,
            ) -> Result<usize, SystemError>;
            fn write(
                &self, data: KernCallbackData, buf: &[u8], offset: usize,
            ) -> Result<usize, SystemError>;
        }
    }

    pub struct KernInodePrivateData;

    type Callback = Option<&'static dyn KernFSCallback>;

    #[derive(Debug, Default)]
    pub struct KernFSInode {
        below: OfOneThread,
        callback: Callback,
    }

    #[derive(Debug, Default)]
    struct OfOneThread(UnsafeCell<BTreeMap<String, Arc<KernFSInode>>>);

    unsafe impl Sync for OfOneThread {}

    #[derive(Debug)]
    struct Debugfs;

    impl FileSystem for Debugfs {
        fn page_cache_writeback_domain(&self) -> Option<&Arc<PageCacheWritebackDomain>> {
            None
        }
        fn root_inode(&self) -> Arc<dyn IndexNode> {
            root()
        }
        fn info(&self) -> FsInfo {
            FsInfo
        }
        fn as_any_ref(&self) -> &dyn Any {
            self
        }
        fn name(&self) -> &str {
            "debugfs"
        }
        fn super_block(&self) -> SuperBlock {
            SuperBlock
        }
        unsafe fn fault(&self, _message: &mut PageFaultMessage) -> VmFaultReason {
            panic!("nothing of it is mapped")
        }
        unsafe fn page_mkwrite(&self, _message: &mut PageFaultMessage) -> VmFaultReason {
            panic!("nothing of it is mapped")
        }
        unsafe fn map_pages(
            &self, _message: &mut PageFaultMessage, _start: usize, _end: usize,
        ) -> VmFaultReason {
            panic!("nothing of it is mapped")
        }
    }

    static ROOT: Root = Root(UnsafeCell::new(None));

    struct Root(UnsafeCell<Option<Arc<KernFSInode>>>);

    unsafe impl Sync for Root {}

    /// debugfs's.
    pub fn root() -> Arc<KernFSInode> {
        unsafe { (*ROOT.0.get()).get_or_insert_with(Default::default).clone() }
    }

    impl KernFSInode {
        /// For the tests: what is at a path below.
        pub fn find(self: &Arc<Self>, path: &str) -> Option<Arc<Self>> {
            let mut found = self.clone();
            for name in path.split('/') {
                let next = unsafe { (*found.below.0.get()).get(name)?.clone() };
                found = next;
            }
            Some(found)
        }
        /// For the tests.
        pub fn callback(&self) -> &'static dyn KernFSCallback {
            self.callback.expect("a file")
        }

        fn put(&self, name: String, callback: Callback) -> Result<Arc<Self>, SystemError> {
            let made = Arc::new(KernFSInode { callback, ..Default::default() });
            match unsafe { (*self.below.0.get()).insert(name, made.clone()) } {
                None => Ok(made),
                Some(_) => Err(SystemError::EEXIST),
            }
        }
        pub fn add_dir(
            &self, name: String, _mode: InodeMode, _data: Option<KernInodePrivateData>,
            _callback: Option<&'static dyn KernFSCallback>,
        ) -> Result<Arc<KernFSInode>, SystemError> {
            self.put(name, None)
        }
        pub fn add_file(
            &self, name: String, _mode: InodeMode, _size: Option<usize>,
            _data: Option<KernInodePrivateData>, callback: Option<&'static dyn KernFSCallback>,
        ) -> Result<Arc<KernFSInode>, SystemError> {
            self.put(name, callback)
        }
    }

    impl IndexNode for KernFSInode {
        fn read_at(
            &self, _offset: usize, _len: usize, _buf: &mut [u8], _data: MutexGuard<FilePrivateData>,
        ) -> Result<usize, SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn write_at(
            &self, _offset: usize, _len: usize, _buf: &[u8], _data: MutexGuard<FilePrivateData>,
        ) -> Result<usize, SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn fs(&self) -> Arc<dyn FileSystem> {
            Arc::new(Debugfs)
        }
        fn as_any_ref(&self) -> &dyn Any {
            self
        }
        /// For the test of files: one that is none of the glue's.
        fn open(
            &self, _data: MutexGuard<FilePrivateData>, _flags: &FileFlags,
        ) -> Result<(), SystemError> {
            Ok(())
        }
    }
}

pub mod vfs {
    use alloc::string::String;
    use alloc::sync::Arc;
    use core::any::Any;
    use core::fmt::Debug;

    use system_error::SystemError;

    use self::file::{File, FileFlags};
    use crate::filesystem::epoll::EPollItem;
    use crate::filesystem::page_cache::{PageCache, PageCacheWritebackDomain};
    use crate::libs::casting::DowncastArc;
    use crate::libs::mutex::MutexGuard;
    use crate::mm::fault::PageFaultMessage;
    use crate::mm::{VmFaultReason, VmFlags};

    pub struct FilePrivateData;
    pub struct FsInfo;
    pub struct SuperBlock;

    pub trait FileSystem: Any + Sync + Send + Debug {
        fn page_cache_writeback_domain(&self) -> Option<&Arc<PageCacheWritebackDomain>>;
        fn root_inode(&self) -> Arc<dyn IndexNode>;
        fn info(&self) -> FsInfo;
        fn as_any_ref(&self) -> &dyn Any;
        fn name(&self) -> &str;
        fn super_block(&self) -> SuperBlock;
        unsafe fn fault(&self, message: &mut PageFaultMessage) -> VmFaultReason;
        unsafe fn page_mkwrite(&self, message: &mut PageFaultMessage) -> VmFaultReason;
        unsafe fn map_pages(
            &self, message: &mut PageFaultMessage, start: usize, end: usize,
        ) -> VmFaultReason;
    }

    /// (`from_bits_truncate` is not among the facts.)
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct InodeMode(pub u32);

    impl InodeMode {
        pub const fn from_bits_truncate(bits: u32) -> Self {
            Self(bits)
        }
    }

    #[derive(Debug, Default, PartialEq, Eq)]
    pub enum FileType {
        File,
        #[default]
        Dir,
    }

    #[derive(Debug, Default)]
    pub struct Metadata {
        pub mode: InodeMode,
        pub file_type: FileType,
        pub size: i64,
    }

    pub trait IndexNode: Any + Sync + Send + Debug {
        fn read_at(
            &self, offset: usize, len: usize, buf: &mut [u8], data: MutexGuard<FilePrivateData>,
        ) -> Result<usize, SystemError>;
        fn write_at(
            &self, offset: usize, len: usize, buf: &[u8], data: MutexGuard<FilePrivateData>,
        ) -> Result<usize, SystemError>;
        fn fs(&self) -> Arc<dyn FileSystem>;
        fn as_any_ref(&self) -> &dyn Any;
        fn open(
            &self, _data: MutexGuard<FilePrivateData>, _flags: &FileFlags,
        ) -> Result<(), SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn metadata(&self) -> Result<Metadata, SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn close(&self, _data: MutexGuard<FilePrivateData>) -> Result<(), SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn ioctl(
            &self, _cmd: u32, _data: usize, _private: MutexGuard<FilePrivateData>,
        ) -> Result<usize, SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn is_stream(&self) -> bool {
            false
        }
        fn as_pollable_inode(&self) -> Result<&dyn PollableInode, SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn absolute_path(&self) -> Result<String, SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn page_cache(&self) -> Option<Arc<PageCache>> {
            None
        }
        fn check_mmap_file(
            &self, _file: &Arc<File>, _len: usize, _offset: usize, _flags: VmFlags,
        ) -> Result<(), SystemError> {
            Err(SystemError::ENOSYS)
        }
        fn mmap(&self, _start: usize, _len: usize, _offset: usize) -> Result<(), SystemError> {
            Err(SystemError::ENOSYS)
        }
    }

    impl DowncastArc for dyn IndexNode {
        fn downcast_arc<T: Any + Send + Sync>(self: Arc<Self>) -> Option<Arc<T>> {
            let is_one = self.as_any_ref().is::<T>();
            is_one.then(|| unsafe { Arc::from_raw(Arc::into_raw(self).cast()) })
        }
    }

    pub trait PollableInode: Any + Sync + Send + Debug {
        fn poll(&self, data: &FilePrivateData) -> Result<usize, SystemError>;
        fn add_epitem(
            &self, item: Arc<EPollItem>, data: &FilePrivateData,
        ) -> Result<(), SystemError>;
        fn remove_epitem(
            &self, item: &Arc<EPollItem>, data: &FilePrivateData,
        ) -> Result<(), SystemError>;
    }

    pub mod file {
        use alloc::collections::BTreeMap;
        use alloc::sync::Arc;
        use core::cell::UnsafeCell;

        use system_error::SystemError;

        use super::{FilePrivateData, IndexNode};
        use crate::libs::mutex::MutexGuard;

        pub struct FileFlags;

        impl FileFlags {
            pub const O_RDWR: FileFlags = FileFlags;
        }

        pub struct File(Arc<dyn IndexNode>);

        impl File {
            pub fn new(inode: Arc<dyn IndexNode>, flags: FileFlags) -> Result<File, SystemError> {
                inode.open(MutexGuard(&mut FilePrivateData), &flags)?;
                Ok(File(inode))
            }
            pub fn inode(&self) -> Arc<dyn IndexNode> {
                self.0.clone()
            }
        }

        impl Drop for File {
            fn drop(&mut self) {
                let _ = self.0.close(MutexGuard(&mut FilePrivateData));
            }
        }

        /// Derefs to an RwSem in the kernel.
        #[derive(Default)]
        pub struct FileDescriptorTable(UnsafeCell<Descriptors>);

        unsafe impl Sync for FileDescriptorTable {}

        #[derive(Default)]
        pub struct Descriptors(BTreeMap<i32, Arc<File>>);

        pub const MOST: i32 = 8;

        #[allow(clippy::mut_from_ref)]
        impl FileDescriptorTable {
            pub fn write(&self) -> &mut Descriptors {
                unsafe { &mut *self.0.get() }
            }
            pub fn read(&self) -> &Descriptors {
                unsafe { &*self.0.get() }
            }
            /// fork's, in the tests.
            pub fn copy(&self) -> Self {
                Self(UnsafeCell::new(Descriptors(self.read().0.clone())))
            }
        }

        pub struct DroppedFd(Arc<File>);

        impl DroppedFd {
            /// Of close(2), for the tests.
            pub fn finish_close(self) {
                drop(self.0)
            }
        }

        impl Descriptors {
            pub fn alloc_fd(
                &mut self, file: File, fd: Option<i32>, cloexec: bool,
            ) -> Result<i32, SystemError> {
                assert!(fd.is_none() && cloexec);
                let free = (3..MOST).find(|fd| !self.0.contains_key(fd));
                let fd = free.ok_or(SystemError::EMFILE)?;
                self.0.insert(fd, Arc::new(file));
                Ok(fd)
            }
            pub fn get_file_by_fd(&self, fd: i32) -> Option<Arc<File>> {
                self.0.get(&fd).cloned()
            }
            /// dup(2)'s, for the test of files.
            pub fn duplicate(&mut self, fd: i32) -> Option<i32> {
                let file = self.get_file_by_fd(fd)?;
                let copy = (3..MOST).find(|fd| !self.0.contains_key(fd))?;
                self.0.insert(copy, file);
                Some(copy)
            }
            /// Of close(2), for the tests.
            pub fn drop_fd(&mut self, fd: i32) -> Result<DroppedFd, SystemError> {
                self.0.remove(&fd).map(DroppedFd).ok_or(SystemError::EBADF)
            }
        }
    }
}
