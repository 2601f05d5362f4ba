// SPDX-License-Identifier: MIT
//! bpf(2), perf_event_open(2), what their descriptors are in DragonOS's own
//! table, and the texts of tracefs below /sys/kernel/debug/tracing.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::any::Any;
use core::ffi::c_void;
use core::fmt;

use ebpf::platform::{Files, Wake};
use ebpf::text::{self, TextFile, Tree};
use ebpf::{Errno, File, Mapping, Watched};
use system_error::SystemError;

use super::pages::Shown;
use crate::arch::MMArch;
use crate::debug::sysfs::debugfs_kobj;
use crate::filesystem::epoll::event_poll::{EPollItemList, EventPoll};
use crate::filesystem::epoll::{EPollEventType, EPollItem};
use crate::filesystem::kernfs::callback::{KernCallbackData, KernFSCallback};
use crate::filesystem::kernfs::KernFSInode;
use crate::filesystem::page_cache::PageCache;
use crate::filesystem::vfs::file::{File as OpenFile, FileFlags};
use crate::filesystem::vfs::{FilePrivateData, FileSystem, FileType, IndexNode};
use crate::filesystem::vfs::{InodeMode, Metadata, PollableInode};
use crate::libs::{casting::DowncastArc, mutex::MutexGuard};
use crate::mm::{MemoryManagementArch, VmFlags};
use crate::process::ProcessManager;

type Result<T> = core::result::Result<T, SystemError>;
type Data<'a> = MutexGuard<'a, FilePrivateData>;

ebpf::errno_names! {
    /// Errors of the kernel's file layer. System calls pass numbers on as they are.
    pub fn error(Errno) -> SystemError:
        EPERM ENOENT EBADF ENOMEM EACCES EFAULT EBUSY ENODEV ENOSPC ENOSYS, else EINVAL
}

/// The body of `SysBpfHandle::handle`.
pub fn bpf(args: &[usize]) -> Result<usize> {
    Ok(ebpf::bpf(args[0] as u32, args[1] as u64, args[2] as u32) as usize)
}

/// The body of `SysPerfEventOpenHandle::handle`.
pub fn perf_event_open(args: &[usize]) -> Result<usize> {
    let (pid, cpu, group) = (args[1] as i32, args[2] as i32, args[3] as i32);
    Ok(ebpf::perf_event_open(args[0] as u64, pid, cpu, group, args[4] as u64) as usize)
}

/// What a descriptor of ours is in the kernel's table: its drop, wherever that
/// is, leaves the work to our thread.
struct Inode {
    file: File,
    shown: Arc<Shown>,
    pollers: EPollItemList,
}

impl fmt::Debug for Inode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.file)
    }
}

impl IndexNode for Inode {
    fn open(&self, _data: Data, _flags: &FileFlags) -> Result<()> {
        Ok(())
    }
    fn close(&self, _data: Data) -> Result<()> {
        Ok(())
    }
    fn read_at(&self, _offset: usize, len: usize, buf: &mut [u8], data: Data) -> Result<usize> {
        drop(data);
        let to = buf.get_mut(..len).ok_or(SystemError::EINVAL)?;
        self.file.read(to).map_err(error)
    }
    fn write_at(&self, _offset: usize, len: usize, buf: &[u8], data: Data) -> Result<usize> {
        drop(data);
        let from = buf.get(..len).ok_or(SystemError::EINVAL)?;
        self.file.write(from).map_err(error)
    }
    fn ioctl(&self, cmd: u32, argument: usize, data: Data) -> Result<usize> {
        drop(data);
        Ok(ebpf::register(self.file.ioctl(cmd, argument as u64)) as usize)
    }
    fn metadata(&self) -> Result<Metadata> {
        let mode = InodeMode::from_bits_truncate(0o600);
        Ok(Metadata { mode, file_type: FileType::File, ..Default::default() })
    }
    fn fs(&self) -> Arc<dyn FileSystem> {
        self.shown.clone()
    }
    fn page_cache(&self) -> Option<Arc<PageCache>> {
        self.shown.page_cache()
    }
    /// Linux's answers. The kernel keeps the file while anything is mapped.
    fn check_mmap_file(
        &self, file: &Arc<OpenFile>, len: usize, offset: usize, flags: VmFlags,
    ) -> Result<()> {
        // Pages come by faults: on RISC-V a process that touched one would be the
        // kernel's end, which has no handler.
        if !MMArch::PAGE_FAULT_ENABLED {
            return Err(SystemError::ENODEV);
        }
        let has = |flag| flags.contains(flag);
        let asked = Mapping {
            offset,
            size: len,
            reads: has(VmFlags::VM_READ),
            writes: has(VmFlags::VM_WRITE),
            executes: has(VmFlags::VM_EXEC),
            is_shared: has(VmFlags::VM_SHARED),
            is_limited: has(VmFlags::VM_DONTEXPAND), // limit_mapping was called
            mirrors: false,
        };
        let pages = self.file.map(&asked).map_err(error)?;
        let begin = pages.address.as_ptr() as usize - offset;
        self.shown.show(begin, offset + pages.size).ok_or(SystemError::ENODEV)?;
        if let Some(inode) = file.inode().downcast_arc::<Inode>() {
            MAPPED.watch(&inode, &inode.file);
        }
        Ok(())
    }
    fn mmap(&self, _start: usize, _len: usize, _offset: usize) -> Result<()> {
        Ok(())
    }
    fn is_stream(&self) -> bool {
        true
    }
    fn as_pollable_inode(&self) -> Result<&dyn PollableInode> {
        Ok(self)
    }
    fn absolute_path(&self) -> Result<String> {
        Ok(self.file.name().to_string_lossy().into_owned())
    }
    fn as_any_ref(&self) -> &dyn Any {
        self
    }
}

/// Where a file is mapped, before `check_mmap_file`: mappings of ours never grow,
/// and what is mapped to be read is never written, as in Linux.
pub fn limit_mapping(file: &Arc<OpenFile>, flags: &mut VmFlags) {
    if file.inode().downcast_arc::<Inode>().is_none() {
        return;
    }
    flags.insert(VmFlags::VM_DONTEXPAND);
    flags.remove(VmFlags::VM_MAYEXEC);
    if !flags.contains(VmFlags::VM_WRITE) {
        flags.remove(VmFlags::VM_MAYWRITE);
    }
}

/// Files that wake who waits for them.
static MAPPED: Watched<Inode> = Watched::new();

impl PollableInode for Inode {
    fn poll(&self, _data: &FilePrivateData) -> Result<usize> {
        Ok(self.file.poll() as usize)
    }
    fn add_epitem(&self, item: Arc<EPollItem>, _data: &FilePrivateData) -> Result<()> {
        self.pollers.add(item);
        Ok(())
    }
    fn remove_epitem(&self, item: &Arc<EPollItem>, _data: &FilePrivateData) -> Result<()> {
        self.pollers.remove(item)
    }
}

struct Table;

unsafe impl Files for Table {
    fn install(file: File) -> ebpf::Result<i32> {
        let (shown, pollers) = Default::default();
        let inode = Arc::new(Inode { file, shown, pollers });
        let opened = OpenFile::new(inode, FileFlags::O_RDWR);
        let table = ProcessManager::current_pcb().fd_table();
        opened
            .and_then(|opened| table.write().alloc_fd(opened, None, true))
            .map_err(|error| Errno::new(-error.to_posix_errno()))
    }

    fn get(fd: i32) -> Option<File> {
        let opened = ProcessManager::current_pcb().fd_table().read().get_file_by_fd(fd)?;
        let inode = opened.inode().downcast_arc::<Inode>()?;
        Some(inode.file.clone())
    }
}

unsafe impl Wake for Table {
    fn wake(file: *mut c_void) {
        if let Some(inode) = MAPPED.get(file) {
            let _ = EventPoll::wakeup_epoll(&inode.pollers, EPollEventType::EPOLLIN);
        }
    }
}

ebpf::export_services!(Table: Files, Wake);

/// A file of tracefs.
impl KernFSCallback for TextFile {
    fn open(&self, _data: KernCallbackData) -> Result<()> {
        Ok(())
    }
    fn read(&self, _data: KernCallbackData, buf: &mut [u8], offset: usize) -> Result<usize> {
        self.read_at(offset, buf).map_err(error)
    }
    fn write(&self, _data: KernCallbackData, buf: &[u8], _offset: usize) -> Result<usize> {
        let written = self.write(buf).map_err(error)?;
        if self.makes_others() {
            show_texts()?;
        }
        Ok(written)
    }
}

#[derive(Clone)]
struct Folder(Arc<KernFSInode>);

impl text::Folder for Folder {
    type Error = SystemError;

    fn add_folder(&self, name: &str, mode: u32) -> Result<Self> {
        let mode = InodeMode::from_bits_truncate(mode);
        self.0.add_dir(name.to_string(), mode, None, None).map(Folder)
    }
    fn add_text(&self, name: &str, mode: u32, text: TextFile) -> Result<()> {
        let mode = InodeMode::from_bits_truncate(mode);
        let text: &'static TextFile = Box::leak(Box::new(text));
        self.0.add_file(name.to_string(), mode, None, None, Some(text)).map(|_| ())
    }
}

static TREE: Tree<Folder> = Tree::new();

/// Shows what there is now below /sys/kernel/debug; what is shown already stays.
pub fn show_texts() -> Result<()> {
    let debug = Folder(debugfs_kobj().inode().ok_or(SystemError::ENOENT)?);
    TREE.show(&debug, c"/sys/kernel/tracing")?;
    TREE.show(&debug, c"/sys/kernel/debug/kprobes")
}
