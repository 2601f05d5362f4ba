// SPDX-License-Identifier: MIT
//! bpf(2), perf_event_open(2), what their descriptors are in Alien's own table,
//! and the texts of tracefs below /sys/kernel/tracing.

use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use constants::io::{OpenFlags, PollEvents, SeekFrom};
use constants::{AlienResult, LinuxErrno};
use ebpf::{platform::Files, text, Errno, File, KernelClient, UserClient};
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

const TEXTS: &str = "/sys/kernel/tracing";

/// Who calls us: every process, and the kernel itself.
struct Clients {
    callers: UserClient,
    kernel: KernelClient,
}

static CLIENTS: AtomicPtr<Clients> = AtomicPtr::new(null_mut());

fn clients() -> AlienResult<&'static Clients> {
    // Pairs with the release in init().
    unsafe { CLIENTS.load(Ordering::Acquire).as_ref() }.ok_or(LinuxErrno::ENOSYS)
}

pub fn init() -> AlienResult<()> {
    let callers = UserClient::for_callers().map_err(error)?;
    let kernel = KernelClient::new().map_err(error)?;
    let made = Box::into_raw(Box::new(Clients { callers, kernel }));
    CLIENTS.store(made, Ordering::Release);
    show_texts()
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
    file: &Arc<dyn kfile::File>,
    (va, size, offset, writes): (usize, usize, usize, bool),
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
    let parts = [(va, begin, pages.size), (va + pages.size, begin + pages.size - mirrored, mirrored)];
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
        let kernel = &clients().map_err(|_| VfsError::Invalid)?.kernel;
        match kernel.read_text_at(&self.0, offset as usize, buf) {
            Err(Errno::EAGAIN) => Ok(0), // an empty trace_pipe
            result => result.map_err(refused),
        }
    }
    fn write_at(&self, _offset: u64, buf: &[u8]) -> VfsResult<usize> {
        let command = core::str::from_utf8(buf).map_err(|_| VfsError::Invalid)?;
        // Nobody tells of O_TRUNC: an empty line clears, others add.
        let clears = command.trim().is_empty();
        let flags = if clears { text::flags::TRUNCATE } else { text::flags::APPEND };
        let kernel = &clients().map_err(|_| VfsError::Invalid)?.kernel;
        kernel.write_text(&self.0, command, flags).map_err(refused)?;
        Ok(buf.len())
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

/// Shows tracefs as it is now. Once.
pub fn show_texts() -> AlienResult<()> {
    let shown = || {
        let sysfs = vfs::FS.lock()["sysfs"].clone();
        let mut folder = sysfs.i_mount(0, "/sys", None, &[])?.inode()?;
        for name in ["kernel", "tracing"] {
            folder = directory(&folder)?.add_dir_manually(name, "rwxr-xr-x".into())?;
        }
        let kernel = &clients().map_err(|_| VfsError::Invalid)?.kernel;
        show(kernel, &folder, TEXTS)
    };
    shown().map_err(|_| LinuxErrno::EINVAL)
}

fn directory(inode: &Arc<dyn VfsInode>) -> VfsResult<Arc<SysFsDirInodeImpl>> {
    inode.clone().downcast_arc().map_err(|_| VfsError::Invalid)
}

/// As deep as tracefs is, which is four levels.
fn show(kernel: &KernelClient, folder: &Arc<dyn VfsInode>, path: &str) -> VfsResult<()> {
    let folder = directory(folder)?;
    let c_path = |path: &str| CString::new(path).map_err(|_| VfsError::Invalid);
    for index in 0.. {
        let Ok(entry) = kernel.text_entry(&c_path(path)?, index) else {
            break;
        };
        let name = entry.name().to_string();
        let below = format!("{path}/{name}");
        if entry.is_directory() {
            let inner = folder.add_dir_manually(&name, "rwxr-xr-x".into())?;
            show(kernel, &inner, &below)?;
        } else {
            let file = Arc::new(TextFile(c_path(&below)?));
            folder.add_file_manually(&name, file, "rw-r--r--".into())?;
        }
    }
    Ok(())
}
