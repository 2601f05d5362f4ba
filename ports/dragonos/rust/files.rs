// SPDX-License-Identifier: MIT
//! bpf(2), perf_event_open(2), what their descriptors are in DragonOS's own
//! table, and the texts of tracefs below /sys/kernel/debug/tracing.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::ffi::CString;
use alloc::string::{String, ToString};
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::ffi::{c_void, CStr};
use core::fmt;

use ebpf::platform::{Files, Wake};
use ebpf::{text, Clients, Errno, File, Locked};
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
use crate::process::{preempt::PreemptGuard, ProcessManager};

type Result<T> = core::result::Result<T, SystemError>;
type Data<'a> = MutexGuard<'a, FilePrivateData>;

fn clients() -> Result<&'static Clients> {
    Clients::get().map_err(error)
}

pub fn init() -> Result<()> {
    Clients::start().map_err(error)?;
    show_texts()
}

/// Errors of the kernel's file layer. System calls pass numbers on as they are.
pub fn error(errno: Errno) -> SystemError {
    match errno {
        Errno::EPERM => SystemError::EPERM,
        Errno::ENOENT => SystemError::ENOENT,
        Errno::EBADF => SystemError::EBADF,
        Errno::ENOMEM => SystemError::ENOMEM,
        Errno::EACCES => SystemError::EACCES,
        Errno::EFAULT => SystemError::EFAULT,
        Errno::EBUSY => SystemError::EBUSY,
        Errno::ENODEV => SystemError::ENODEV,
        Errno::ENOSPC => SystemError::ENOSPC,
        Errno::ENOSYS => SystemError::ENOSYS,
        _ => SystemError::EINVAL,
    }
}

/// As the system call's register has it: a value, or -errno.
fn register(result: ebpf::Result<i64>) -> Result<usize> {
    Ok(result.unwrap_or_else(|errno| errno.to_return()) as usize)
}

/// The body of `SysBpfHandle::handle`.
pub fn bpf(args: &[usize]) -> Result<usize> {
    let callers = &clients()?.callers;
    register(callers.bpf(args[0] as u32, args[1] as u64, args[2] as u32))
}

/// The body of `SysPerfEventOpenHandle::handle`.
pub fn perf_event_open(args: &[usize]) -> Result<usize> {
    let (pid, cpu, group) = (args[1] as i32, args[2] as i32, args[3] as i32);
    let opened =
        clients()?.callers.perf_event_open(args[0] as u64, pid, cpu, group, args[4] as u64);
    register(opened.map(|fd| fd.0.into()))
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
        self.file.read(&clients()?.kernel, to).map_err(error)
    }
    fn write_at(&self, _offset: usize, len: usize, buf: &[u8], data: Data) -> Result<usize> {
        drop(data);
        let from = buf.get(..len).ok_or(SystemError::EINVAL)?;
        self.file.write(&clients()?.kernel, from).map_err(error)
    }
    fn ioctl(&self, cmd: u32, argument: usize, data: Data) -> Result<usize> {
        drop(data);
        register(self.file.ioctl(&clients()?.callers, cmd, argument as u64))
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
        let bit = |flag, bit: u32| if flags.contains(flag) { bit } else { 0 };
        let writes = bit(VmFlags::VM_WRITE, 2);
        let protection = bit(VmFlags::VM_READ, 1) | writes | bit(VmFlags::VM_EXEC, 4);
        if protection & 4 == 0 && !flags.contains(VmFlags::VM_SHARED) {
            return Err(SystemError::EINVAL);
        }
        let callers = &clients()?.callers;
        let pages = self.file.mmap(callers, offset as u64, len as u64, protection);
        let pages = pages.map_err(error)?;
        // Nobody has called limit_mapping; or there are to be records over a ring's
        // end, which only a second copy of its pages would have in one piece.
        let is_limited = flags.contains(VmFlags::VM_DONTEXPAND);
        if pages.sealed && !is_limited || pages.mirrored_size != 0 && writes != 0 {
            return Err(SystemError::ENODEV);
        }
        let begin = pages.address.as_ptr() as usize - offset;
        self.shown.show(begin, offset + pages.size).ok_or(SystemError::ENODEV)?;
        wake_pollers_of(file);
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

/// Mapped files, by what core tells of them: their address.
static WAKING: Locked<BTreeMap<usize, Weak<Inode>>> = Locked::new(BTreeMap::new());

fn with_waking<R>(look: impl FnOnce(&mut BTreeMap<usize, Weak<Inode>>) -> R) -> R {
    // A drop may come under a spin lock: nobody stands still in here.
    let _pinned = PreemptGuard::new();
    WAKING.with(look)
}

/// Has core tell when there is something to read, if it can.
fn wake_pollers_of(file: &Arc<OpenFile>) {
    let Some(inode) = file.inode().downcast_arc::<Inode>() else {
        return;
    };
    let key = Arc::as_ptr(&inode) as usize;
    with_waking(|waking| waking.insert(key, Arc::downgrade(&inode)));
    let _ = unsafe { inode.file.wake_readers(key as *mut c_void) };
}

impl Drop for Inode {
    fn drop(&mut self) {
        with_waking(|waking| waking.remove(&(&raw const *self as usize)));
    }
}

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
        let waking = with_waking(|waking| waking.get(&(file as usize)).cloned());
        if let Some(inode) = waking.and_then(|inode| inode.upgrade()) {
            let _ = EventPoll::wakeup_epoll(&inode.pollers, EPollEventType::EPOLLIN);
        }
    }
}

ebpf::export_services!(Table: Files, Wake);

/// A file of tracefs, by its path there.
#[derive(Debug)]
struct TextFile(CString);

impl KernFSCallback for TextFile {
    fn open(&self, _data: KernCallbackData) -> Result<()> {
        Ok(())
    }
    fn read(&self, _data: KernCallbackData, buf: &mut [u8], offset: usize) -> Result<usize> {
        clients()?.kernel.read_text_at(&self.0, offset, buf).map_err(error)
    }
    fn write(&self, _data: KernCallbackData, buf: &[u8], _offset: usize) -> Result<usize> {
        let written = clients()?.kernel.write_line(&self.0, buf).map_err(error)?;
        if self.0.to_bytes().ends_with(b"_events") {
            show_texts()?; // those of events that there were not
        }
        Ok(written)
    }
}

/// What is shown, by Linux's paths.
static SHOWN: Locked<BTreeMap<CString, Arc<KernFSInode>>> = Locked::new(BTreeMap::new());

struct Folder(Arc<KernFSInode>);

impl text::Folder for Folder {
    type Error = SystemError;

    fn add_folder(&self, name: &str, mode: u32, path: &CStr) -> Result<Self> {
        if let Some(shown) = SHOWN.with(|shown| shown.get(path).cloned()) {
            return Ok(Folder(shown));
        }
        let mode = InodeMode::from_bits_truncate(mode);
        let made = self.0.add_dir(name.to_string(), mode, None, None)?;
        SHOWN.with(|shown| shown.insert(path.into(), made.clone()));
        Ok(Folder(made))
    }
    fn add_text(&self, name: &str, mode: u32, path: &CStr) -> Result<()> {
        if SHOWN.with(|shown| shown.contains_key(path)) {
            return Ok(());
        }
        let mode = InodeMode::from_bits_truncate(mode);
        let text: &'static TextFile = Box::leak(Box::new(TextFile(path.into())));
        let made = self.0.add_file(name.to_string(), mode, None, None, Some(text))?;
        SHOWN.with(|shown| shown.insert(path.into(), made));
        Ok(())
    }
}

/// Shows what there is now below /sys/kernel/debug; what is shown already stays.
pub fn show_texts() -> Result<()> {
    let debug = Folder(debugfs_kobj().inode().ok_or(SystemError::ENOENT)?);
    let folders = [("tracing", c"/sys/kernel/tracing"), ("kprobes", c"/sys/kernel/debug/kprobes")];
    for (name, path) in folders {
        let folder = text::Folder::add_folder(&debug, name, 0o700, path)?;
        text::show(&clients()?.kernel, path, &folder)?;
    }
    Ok(())
}
