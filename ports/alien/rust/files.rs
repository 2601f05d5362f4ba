// SPDX-License-Identifier: MIT
//! bpf(2), perf_event_open(2), what their descriptors are in Alien's own table,
//! and the texts of tracefs below /sys/kernel/tracing.

use alloc::collections::BTreeMap;
use alloc::ffi::CString;
use alloc::sync::Arc;
use core::ffi::CStr;

use constants::io::{OpenFlags, PollEvents, SeekFrom};
use constants::{AlienResult, LinuxErrno};
use ebpf::{platform::Files, text, Clients, Errno, File, Locked};
use page_table::addr::{PhysAddr, VirtAddr};
use page_table::pte::MappingFlags;
use vfs::kfile;
use vfs::sys::SysFsDirInodeImpl;
use vfscore::dentry::VfsDentry;
use vfscore::error::VfsError;
use vfscore::file::VfsFile;
use vfscore::inode::VfsInode;
use vfscore::utils::{VfsFileStat, VfsNodeType, VfsPollEvents};
use vfscore::VfsResult;

use crate::task::current_task;

fn clients() -> AlienResult<&'static Clients> {
    Clients::get().map_err(error)
}

pub fn init() -> AlienResult<()> {
    Clients::start().map_err(error)?;
    show_texts().map_err(|_| LinuxErrno::EINVAL)
}

/// Errors of the kernel's file layer. System calls pass numbers on as they are.
pub fn error(errno: Errno) -> LinuxErrno {
    match errno {
        Errno::EPERM => LinuxErrno::EPERM,
        Errno::ENOENT => LinuxErrno::ENOENT,
        Errno::EAGAIN => LinuxErrno::EAGAIN,
        Errno::ENOMEM => LinuxErrno::ENOMEM,
        Errno::EFAULT => LinuxErrno::EFAULT,
        Errno::EBUSY => LinuxErrno::EBUSY,
        Errno::ENOSPC => LinuxErrno::ENOSPC,
        Errno::ENOSYS => LinuxErrno::ENOSYS,
        _ => LinuxErrno::EINVAL,
    }
}

/// As the system call's register has it: a value, or -errno.
fn register(result: ebpf::Result<i64>) -> isize {
    result.unwrap_or_else(|errno| errno.to_return()) as isize
}

/// The body of `syscall_bpf`.
pub fn bpf(cmd: u32, attr: *mut u8, size: u32) -> AlienResult<isize> {
    Ok(register(clients()?.callers.bpf(cmd, attr as u64, size)))
}

/// The body of `sys_perf_event_open`.
pub fn perf_event_open(
    attr: *const u8, pid: i32, cpu: i32, group_fd: i32, flags: u32,
) -> AlienResult<isize> {
    let callers = &clients()?.callers;
    let opened = callers.perf_event_open(attr as u64, pid, cpu, group_fd, flags.into());
    Ok(register(opened.map(|fd| fd.0.into())))
}

/// What a descriptor of ours is in the kernel's table. Its drop, which comes under
/// locks where a process ends, leaves the work to our thread.
#[derive(Debug)]
struct OpenFile(File);

impl kfile::File for OpenFile {
    fn read(&self, buf: &mut [u8]) -> AlienResult<usize> {
        self.0.read(&clients()?.kernel, buf).map_err(error)
    }
    fn write(&self, buf: &[u8]) -> AlienResult<usize> {
        self.0.write(&clients()?.kernel, buf).map_err(error)
    }
    fn seek(&self, _pos: SeekFrom) -> AlienResult<u64> {
        Err(LinuxErrno::ESPIPE)
    }
    fn get_attr(&self) -> AlienResult<VfsFileStat> {
        Ok(VfsFileStat::default())
    }
    fn ioctl(&self, cmd: u32, arg: usize) -> AlienResult<usize> {
        Ok(register(self.0.ioctl(&clients()?.callers, cmd, arg as u64)) as usize)
    }
    /// Callers ask again and again.
    fn poll(&self, events: PollEvents) -> AlienResult<PollEvents> {
        const ALWAYS: u32 = 0x18; // POLLERR, POLLHUP
        let holds = PollEvents::from_bits_truncate(self.0.poll() as _);
        Ok(holds & (events | PollEvents::from_bits_truncate(ALWAYS as _)))
    }
    /// There is nothing that a path could be asked of it, and openat does ask.
    fn dentry(&self) -> Arc<dyn VfsDentry> {
        vfs::system_root_fs()
    }
    fn inode(&self) -> Arc<dyn VfsInode> {
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
    fn get_open_flag(&self) -> OpenFlags {
        OpenFlags::O_RDWR
    }
}

struct Table;

unsafe impl Files for Table {
    fn install(file: File) -> ebpf::Result<i32> {
        let task = current_task().ok_or(Errno::EBADF)?;
        let added = task.add_file(Arc::new(OpenFile(file)));
        added.map(|fd| fd as i32).map_err(|errno| Errno::new(-errno as i32))
    }

    fn get(fd: i32) -> Option<File> {
        let file = current_task()?.get_file(fd as usize)?;
        let file = file.downcast_arc::<OpenFile>().ok()?;
        Some(file.0.clone())
    }
}

ebpf::export_services!(Table: Files);

/// In `TaskInner::add_mmap` before its `map_region_no_target`: maps memory of ours
/// to `va` by `map_region`, which is the process's page table's, and says that it
/// did. Nobody tells when it is unmapped, so the file stays for ever.
pub fn map<E>(
    file: &Arc<dyn kfile::File>, (va, size, offset, writes): (usize, usize, usize, bool),
    mut map_region: impl FnMut(VirtAddr, PhysAddr, usize, MappingFlags) -> Result<(), E>,
) -> AlienResult<bool> {
    let Ok(file) = file.clone().downcast_arc::<OpenFile>() else {
        return Ok(false);
    };
    let protection = 1 + u32::from(writes) * 2;
    let callers = &clients()?.callers;
    let pages = file.0.mmap(callers, offset as u64, size as u64, protection).map_err(error)?;
    core::mem::forget(file);
    // The kernel's addresses are physical ones.
    let (begin, mirrored) = (pages.address.as_ptr() as usize, pages.mirrored_size);
    let parts =
        [(va, begin, pages.size), (va + pages.size, begin + pages.size - mirrored, mirrored)];
    for (va, pa, size) in parts.into_iter().filter(|part| part.2 != 0) {
        let flags: MappingFlags = if writes { "RWVUAD" } else { "RVUA" }.into();
        let mapped = map_region(VirtAddr::from(va), PhysAddr::from(pa), size, flags);
        mapped.map_err(|_| LinuxErrno::EFAULT)?;
    }
    Ok(true)
}

/// A file of tracefs, by its path there.
struct TextFile(CString);

fn refused(_errno: Errno) -> VfsError {
    VfsError::Invalid
}

impl VfsFile for TextFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> VfsResult<usize> {
        let kernel = &Clients::get().map_err(refused)?.kernel;
        kernel.read_text_at(&self.0, offset as usize, buf).map_err(refused)
    }
    fn write_at(&self, _offset: u64, buf: &[u8]) -> VfsResult<usize> {
        let clients = Clients::get().map_err(refused)?;
        let written = clients.kernel.write_line(&self.0, buf).map_err(refused)?;
        if self.0.to_bytes().ends_with(b"_events") {
            show_texts()?; // those of events that there were not
        }
        Ok(written)
    }
    fn poll(&self, event: VfsPollEvents) -> VfsResult<VfsPollEvents> {
        Ok(event)
    }
}

impl VfsInode for TextFile {
    fn inode_type(&self) -> VfsNodeType {
        VfsNodeType::File
    }
    fn get_attr(&self) -> VfsResult<VfsFileStat> {
        Ok(VfsFileStat::default())
    }
}

/// What is shown, by Linux's paths.
static SHOWN: Locked<BTreeMap<CString, Arc<dyn VfsInode>>> = Locked::new(BTreeMap::new());

struct Folder(Arc<SysFsDirInodeImpl>);

impl Folder {
    fn of(inode: Arc<dyn VfsInode>) -> VfsResult<Self> {
        inode.downcast_arc().map(Folder).map_err(|_| VfsError::Invalid)
    }
}

impl text::Folder for Folder {
    type Error = VfsError;

    fn add_folder(&self, name: &str, _mode: u32, path: &CStr) -> VfsResult<Self> {
        if let Some(shown) = SHOWN.with(|shown| shown.get(path).cloned()) {
            return Folder::of(shown);
        }
        let made = self.0.add_dir_manually(name, "rwxr-xr-x".into())?;
        SHOWN.with(|shown| shown.insert(path.into(), made.clone()));
        Folder::of(made)
    }
    /// Everybody is root here.
    fn add_text(&self, name: &str, _mode: u32, path: &CStr) -> VfsResult<()> {
        if SHOWN.with(|shown| shown.contains_key(path)) {
            return Ok(());
        }
        let text = Arc::new(TextFile(path.into()));
        let made = self.0.add_file_manually(name, text, "rw-r--r--".into())?;
        SHOWN.with(|shown| shown.insert(path.into(), made));
        Ok(())
    }
}

/// Shows what there is now below /sys/kernel; what is shown already stays.
pub fn show_texts() -> VfsResult<()> {
    let client = &Clients::get().map_err(refused)?.kernel;
    let sysfs = vfs::FS.lock()["sysfs"].clone();
    let root = Folder::of(sysfs.i_mount(0, "/sys", None, &[])?.inode()?)?;
    let folder = |of: &Folder, name, path| text::Folder::add_folder(of, name, 0o700, path);
    let kernel = folder(&root, "kernel", c"/sys/kernel")?;
    let tracing = folder(&kernel, "tracing", c"/sys/kernel/tracing")?;
    let debug = folder(&kernel, "debug", c"/sys/kernel/debug")?;
    text::show(client, c"/sys/kernel/tracing", &tracing)?;
    text::show(client, c"/sys/kernel/debug", &debug)
}
