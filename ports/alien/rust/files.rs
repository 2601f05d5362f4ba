// SPDX-License-Identifier: MIT
//! bpf(2), perf_event_open(2), what their descriptors are in Alien's own table,
//! and the texts of tracefs below /sys/kernel/tracing.

use alloc::sync::Arc;

use constants::io::{OpenFlags, PollEvents, SeekFrom};
use constants::{AlienResult, LinuxErrno};
use ebpf::text::{self, TextFile, Tree};
use ebpf::{platform::Files, Errno, File};
use page_table::addr::{PhysAddr, VirtAddr};
use page_table::pte::MappingFlags;
use vfs::{kfile, sys::SysFsDirInodeImpl};
use vfscore::utils::{VfsFileStat, VfsNodeType, VfsPollEvents};
use vfscore::{dentry::VfsDentry, error::VfsError, file::VfsFile, inode::VfsInode, VfsResult};

use crate::task::current_task;

ebpf::errno_names! {
    /// Errors of the kernel's file layer. System calls pass numbers on as they are.
    pub fn error(Errno) -> LinuxErrno:
        EPERM ENOENT EAGAIN ENOMEM EFAULT EBUSY ENOSPC ENOSYS, else EINVAL
}

/// The body of `syscall_bpf`.
pub fn bpf(cmd: u32, attr: *mut u8, size: u32) -> AlienResult<isize> {
    Ok(ebpf::bpf(cmd, attr as u64, size) as isize)
}

/// The body of `sys_perf_event_open`.
pub fn perf_event_open(
    attr: *const u8, pid: i32, cpu: i32, group_fd: i32, flags: u32,
) -> AlienResult<isize> {
    Ok(ebpf::perf_event_open(attr as u64, pid, cpu, group_fd, flags.into()) as isize)
}

/// What a descriptor of ours is in the kernel's table. Its drop, which comes under
/// locks where a process ends, leaves the work to our thread.
#[derive(Debug)]
struct OpenFile(File);

impl kfile::File for OpenFile {
    fn read(&self, buf: &mut [u8]) -> AlienResult<usize> {
        self.0.read(buf).map_err(error)
    }
    fn write(&self, buf: &[u8]) -> AlienResult<usize> {
        self.0.write(buf).map_err(error)
    }
    fn seek(&self, _pos: SeekFrom) -> AlienResult<u64> {
        Err(LinuxErrno::ESPIPE)
    }
    fn get_attr(&self) -> AlienResult<VfsFileStat> {
        Ok(VfsFileStat::default())
    }
    fn ioctl(&self, cmd: u32, arg: usize) -> AlienResult<usize> {
        Ok(ebpf::register(self.0.ioctl(cmd, arg as u64)) as usize)
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
    let pages = file.0.mmap(offset as u64, size as u64, protection).map_err(error)?;
    core::mem::forget(file);
    // The kernel's addresses are physical ones.
    for (va, memory, size) in pages.parts(va) {
        let (va, pa) = (VirtAddr::from(va), PhysAddr::from(memory.as_ptr() as usize));
        let flags: MappingFlags = if writes { "RWVUAD" } else { "RVUA" }.into();
        map_region(va, pa, size, flags).map_err(|_| LinuxErrno::EFAULT)?;
    }
    Ok(true)
}

/// A file of tracefs.
struct Text(TextFile);

impl VfsFile for Text {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> VfsResult<usize> {
        self.0.read_at(offset as usize, buf).map_err(|_| VfsError::Invalid)
    }
    fn write_at(&self, _offset: u64, buf: &[u8]) -> VfsResult<usize> {
        let written = self.0.write(buf).map_err(|_| VfsError::Invalid)?;
        if self.0.makes_others() {
            show_texts()?;
        }
        Ok(written)
    }
    fn poll(&self, event: VfsPollEvents) -> VfsResult<VfsPollEvents> {
        Ok(event)
    }
}

impl VfsInode for Text {
    fn inode_type(&self) -> VfsNodeType {
        VfsNodeType::File
    }
    fn get_attr(&self) -> VfsResult<VfsFileStat> {
        Ok(VfsFileStat::default())
    }
}

#[derive(Clone)]
struct Folder(Arc<SysFsDirInodeImpl>);

impl Folder {
    fn of(inode: Arc<dyn VfsInode>) -> VfsResult<Self> {
        inode.downcast_arc().map(Folder).map_err(|_| VfsError::Invalid)
    }
}

impl text::Folder for Folder {
    type Error = VfsError;

    fn add_folder(&self, name: &str, _mode: u32) -> VfsResult<Self> {
        Folder::of(self.0.add_dir_manually(name, "rwxr-xr-x".into())?)
    }
    /// Everybody is root here.
    fn add_text(&self, name: &str, _mode: u32, text: TextFile) -> VfsResult<()> {
        let text = Arc::new(Text(text));
        self.0.add_file_manually(name, text, "rw-r--r--".into()).map(|_| ())
    }
}

static TREE: Tree<Folder> = Tree::new();

/// Shows what there is now below /sys/kernel; what is shown already stays.
pub fn show_texts() -> VfsResult<()> {
    let sysfs = vfs::FS.lock()["sysfs"].clone();
    let root = Folder::of(sysfs.i_mount(0, "/sys", None, &[])?.inode()?)?;
    let sys_kernel = TREE.folder(&root, c"/sys/kernel", 0o700)?;
    TREE.show(&sys_kernel, c"/sys/kernel/tracing")?;
    TREE.show(&sys_kernel, c"/sys/kernel/debug")
}
