// SPDX-License-Identifier: MIT
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use calls::called;
use constants::{AlienResult, LinuxErrno};
use ksync::{Mutex, MutexGuard};
use mem::VmmPageAllocator;
use page_table::table::Sv39PageTable;
use vfs::kfile::File;

pub struct TidHandle(pub usize);

pub struct KernelStack;

impl KernelStack {
    pub fn top(&self) -> usize {
        0x8100_2000
    }
}

/// What a fault on a page gives: a file to fill it from, the page, where.
pub type Fault = Option<(Option<Arc<dyn File>>, &'static mut [u8], u64)>;

pub struct TaskInner {
    pub name: String,
    pub address_space: Arc<Mutex<Sv39PageTable<VmmPageAllocator>>>,
}

impl TaskInner {
    pub fn do_load_page_fault(&mut self, addr: usize) -> AlienResult<Fault> {
        called!("load {addr:#x}");
        let page = Box::leak(Box::new([0; 4096]));
        match addr {
            0 => Err(LinuxErrno::EFAULT),
            0x1000 => Ok(None),
            _ => Ok(Some((Some(Arc::new(Disk)), page, 512))),
        }
    }
    pub fn do_store_page_fault(&mut self, addr: usize) -> AlienResult<Fault> {
        called!("store {addr:#x}");
        Ok(None)
    }
}

/// Some file of the kernel's.
#[derive(Debug)]
pub struct Disk;

impl File for Disk {
    fn read(&self, _buf: &mut [u8]) -> AlienResult<usize> {
        Err(LinuxErrno::EINVAL)
    }
    fn write(&self, _buf: &[u8]) -> AlienResult<usize> {
        Err(LinuxErrno::EINVAL)
    }
    fn seek(&self, _pos: constants::io::SeekFrom) -> AlienResult<u64> {
        Err(LinuxErrno::EINVAL)
    }
    fn get_attr(&self) -> AlienResult<vfscore::utils::VfsFileStat> {
        Err(LinuxErrno::EINVAL)
    }
    fn dentry(&self) -> Arc<dyn vfscore::dentry::VfsDentry> {
        vfs::system_root_fs()
    }
    fn inode(&self) -> Arc<dyn vfscore::inode::VfsInode> {
        vfs::system_root_fs().inode().expect("there is a root")
    }
    fn is_readable(&self) -> bool {
        true
    }
    fn is_writable(&self) -> bool {
        true
    }
    fn is_append(&self) -> bool {
        false
    }
}

pub struct Task {
    pub tid: TidHandle,
    pub pid: usize,
    pub kernel_stack: KernelStack,
    pub inner: Mutex<TaskInner>,
    files: Mutex<BTreeMap<usize, Arc<dyn File>>>,
}

pub const MOST_FILES: usize = 8;

impl Task {
    pub fn access_inner(&self) -> MutexGuard<'_, TaskInner> {
        self.inner.lock()
    }
    pub fn add_file(&self, file: Arc<dyn File>) -> Result<usize, isize> {
        let mut files = self.files.lock();
        let free = (3..MOST_FILES).find(|fd| !files.contains_key(fd)).ok_or(-24isize)?;
        files.insert(free, file);
        Ok(free)
    }
    pub fn get_file(&self, fd: usize) -> Option<Arc<dyn File>> {
        self.files.lock().get(&fd).cloned()
    }
    /// close(2), of the tests.
    pub fn close(&self, fd: usize) {
        let file = self.files.lock().remove(&fd);
        drop(file.expect("open"));
    }
    /// As where a process ends, in the tests: under the locks.
    pub fn pre_recycle(&self) {
        let _inner = self.inner.lock();
        self.files.lock().clear();
    }
    /// fork, of the tests: the child has the same files.
    pub fn fork(&self) -> Task {
        let task = Task::new();
        *task.files.lock() = self.files.lock().clone();
        task
    }
    #[allow(clippy::new_without_default)]
    pub fn new() -> Task {
        let space = Sv39PageTable(None, VmmPageAllocator);
        Task {
            tid: TidHandle(42),
            pid: 40,
            kernel_stack: KernelStack,
            inner: Mutex::new(TaskInner {
                name: "stub".into(),
                address_space: Arc::new(Mutex::new(space)),
            }),
            files: Mutex::new(BTreeMap::new()),
        }
    }
}

static CURRENT: Mutex<Option<&'static Arc<Task>>> = Mutex::new(None);

/// The task that runs, of the tests.
pub fn switch_to(task: Option<Task>) -> Option<&'static Arc<Task>> {
    let task = task.map(|task| &*Box::leak(Box::new(Arc::new(task))));
    *CURRENT.lock() = task;
    task
}

pub fn current_task() -> Option<&'static Arc<Task>> {
    *CURRENT.lock()
}

pub fn do_suspend() -> isize {
    called!("do_suspend");
    0
}

pub fn ktread_create(func: fn(), name: &str) -> AlienResult<()> {
    called!("ktread_create {name}");
    func();
    Ok(())
}
