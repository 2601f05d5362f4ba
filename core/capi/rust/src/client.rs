// SPDX-License-Identifier: MIT
//! Who calls: what clients of both kinds can do, and those whose pointers are a
//! process's.

use core::ffi::{c_char, c_void, CStr};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::errno::{check, check_nothing, Errno, Result};
use crate::sys;

/// A number in a client's table of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub i32);

impl Fd {
    pub(crate) fn from_result(result: i64) -> Result<Fd> {
        check(result).map(|fd| Fd(fd as i32))
    }
}

/// Memory behind a descriptor, for who maps it: `size` bytes at `address`, of
/// which the last `mirrored_size` are to be mapped once more behind them (a
/// ring's data).
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// In the kernel.
    pub address: NonNull<c_void>,
    /// Of it, in bytes.
    pub size: usize,
    /// Of a second mapping.
    pub mirrored_size: usize,
    /// It may neither become longer nor be written later if it is mapped to be
    /// read: who cannot see to that does not map it.
    pub sealed: bool,
}

impl Pages {
    /// For a kernel that maps any memory of its own: what goes where, a mapping
    /// from `address` on, as (where, what is there, how long), with the mirror.
    pub fn parts(&self, address: usize) -> impl Iterator<Item = (usize, NonNull<c_void>, usize)> {
        let mirror = unsafe { self.address.byte_add(self.size - self.mirrored_size) };
        let once = (address, self.address, self.size);
        let twice = (address + self.size, mirror, self.mirrored_size);
        [once, twice].into_iter().filter(|part| part.2 != 0)
    }

    /// What `mmap` leaves, which writes it unless it fails.
    pub(crate) fn found_by(mmap: impl FnOnce(*mut sys::ebpf_pages) -> i64) -> Result<Self> {
        let mut pages = MaybeUninit::<sys::ebpf_pages>::uninit();
        check(mmap(pages.as_mut_ptr()))?;
        let pages = unsafe { pages.assume_init() };
        Ok(Pages {
            address: NonNull::new(pages.address).ok_or(Errno::EFAULT)?,
            size: pages.size,
            mirrored_size: pages.mirrored_size,
            sealed: pages.sealed,
        })
    }
}

/// A table of descriptors, and whose it is. Several CPUs may use one at once.
/// Context of everything that is not said otherwise: task, interrupts on.
#[derive(Debug)]
pub struct Client {
    raw: NonNull<sys::ebpf_client>,
}

// A client's table has its own lock.
unsafe impl Send for Client {}
unsafe impl Sync for Client {}

impl Drop for Client {
    /// Closes what is open.
    fn drop(&mut self) {
        unsafe { sys::ebpf_client_delete(self.raw.as_ptr()) }
    }
}

impl Client {
    pub(crate) fn create(origin: u32) -> Result<Client> {
        let raw = NonNull::new(unsafe { sys::ebpf_client_create(origin) });
        raw.map(|raw| Client { raw }).ok_or(Errno::ENOMEM)
    }

    /// For calls of [`sys`].
    pub fn as_ptr(&self) -> *mut sys::ebpf_client {
        self.raw.as_ptr()
    }

    /// Linux's RLIMIT_MEMLOCK of the process, 8 MiB until this is called.
    pub fn limit_memlock(&self, bytes: u64) {
        unsafe { sys::ebpf_client_limit_memlock(self.as_ptr(), bytes) }
    }

    /// Linux's close(2).
    pub fn close(&self, fd: Fd) -> Result<()> {
        check_nothing(unsafe { sys::ebpf_close(self.as_ptr(), fd.0) })
    }

    /// Linux's dup(2).
    pub fn dup(&self, fd: Fd) -> Result<Fd> {
        Fd::from_result(unsafe { sys::ebpf_dup(self.as_ptr(), fd.0) })
    }

    /// The bits of Linux's poll(2) that hold now; it never waits.
    pub fn poll(&self, fd: Fd) -> Result<u32> {
        check(unsafe { sys::ebpf_poll(self.as_ptr(), fd.0) }).map(|bits| bits as u32)
    }

    /// From now on [`crate::platform::Wake::wake`] is called with `file` when
    /// there is something to read that there was not. EBUSY the second time,
    /// EOPNOTSUPP for descriptors that wake nobody.
    ///
    /// # Safety
    /// `file` is what that function may be called with until the last close.
    pub unsafe fn wake_readers(&self, fd: Fd, file: *mut c_void) -> Result<()> {
        check_nothing(unsafe { sys::ebpf_fd_wake(self.as_ptr(), fd.0, file) })
    }

    /// The link of /proc/self/fd/N: `anon_inode:bpf-map`.
    pub fn name_of(&self, fd: Fd) -> Result<&'static CStr> {
        let mut name: *const c_char = core::ptr::null();
        check(unsafe { sys::ebpf_fd_name(self.as_ptr(), fd.0, &mut name) })?;
        Ok(unsafe { CStr::from_ptr(name) })
    }

    /// The lines of /proc/self/fdinfo/N that are of this kind of object, as many
    /// of them as fit; how long they are.
    pub fn describe(&self, fd: Fd, to: &mut [u8]) -> Result<usize> {
        let size = unsafe { sys::ebpf_fd_info(self.as_ptr(), fd.0, to.as_mut_ptr(), to.len()) };
        check(size).map(|size| size as usize)
    }

    /// What mmap(2) of the descriptor gives. Who maps it for a process holds a
    /// [`Client::dup`] of the descriptor until it is unmapped. `protection` is
    /// Linux's: 1 to read, 2 to write.
    pub fn mmap(&self, fd: Fd, offset: u64, size: u64, protection: u32) -> Result<Pages> {
        Pages::found_by(|pages| unsafe {
            sys::ebpf_mmap(self.as_ptr(), fd.0, offset, size, protection, pages)
        })
    }
}

/// A process: its system calls are passed on by these. Addresses are its own,
/// and are read and written by [`crate::platform::User`] only: nothing that it
/// passes is wrong for the kernel.
#[derive(Debug)]
pub struct UserClient {
    client: Client,
}

impl core::ops::Deref for UserClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl UserClient {
    /// With no open descriptors. ENOMEM.
    pub fn new() -> Result<UserClient> {
        let client = Client::create(sys::EBPF_ORIGIN_USER)?;
        Ok(UserClient { client })
    }

    /// One for all processes of a kernel with [`crate::platform::Files`]: memory,
    /// rights and descriptors are those of the process that calls. ENOMEM.
    pub fn for_callers() -> Result<UserClient> {
        let raw = NonNull::new(unsafe { sys::ebpf_client_create_for_callers() });
        let client = raw.map(|raw| Client { raw }).ok_or(Errno::ENOMEM)?;
        Ok(UserClient { client })
    }

    /// Linux's bpf(2).
    pub fn bpf(&self, command: u32, attr: u64, size: u32) -> Result<i64> {
        check(unsafe { sys::ebpf_bpf(self.as_ptr(), command, attr, size) })
    }

    /// Linux's perf_event_open(2).
    pub fn perf_event_open(
        &self,
        attr: u64,
        pid: i32,
        cpu: i32,
        group_fd: i32,
        flags: u64,
    ) -> Result<Fd> {
        Fd::from_result(unsafe {
            sys::ebpf_perf_event_open(self.as_ptr(), attr, pid, cpu, group_fd, flags)
        })
    }

    /// Linux's ioctl(2).
    pub fn ioctl(&self, fd: Fd, command: u32, argument: u64) -> Result<i64> {
        check(unsafe { sys::ebpf_ioctl(self.as_ptr(), fd.0, command, argument) })
    }

    /// Linux's read(2), but EAGAIN where that blocks.
    pub fn read(&self, fd: Fd, to: u64, size: u64) -> Result<usize> {
        check(unsafe { sys::ebpf_read(self.as_ptr(), fd.0, to, size) }).map(|n| n as usize)
    }

    /// Linux's write(2): what it can take, perhaps not all.
    pub fn write(&self, fd: Fd, from: u64, size: u64) -> Result<usize> {
        check(unsafe { sys::ebpf_write(self.as_ptr(), fd.0, from, size) }).map(|n| n as usize)
    }

    /// Opens one of the texts of [`crate::text`] by Linux's path.
    pub fn open_text(&self, path: u64, flags: u32) -> Result<Fd> {
        Fd::from_result(unsafe { sys::ebpf_text_open(self.as_ptr(), path, flags) })
    }

    /// mkdir(2) below /sys/fs/bpf.
    pub fn make_pin_directory(&self, path: u64) -> Result<()> {
        check_nothing(unsafe { sys::ebpf_pin_mkdir(self.as_ptr(), path) })
    }

    /// unlink(2) there.
    pub fn unlink_pin(&self, path: u64) -> Result<()> {
        check_nothing(unsafe { sys::ebpf_pin_unlink(self.as_ptr(), path) })
    }

    /// rmdir(2) there.
    pub fn remove_pin_directory(&self, path: u64) -> Result<()> {
        check_nothing(unsafe { sys::ebpf_pin_rmdir(self.as_ptr(), path) })
    }

    /// A descriptor to read, as `cat` does: of an iterator. EIO for the others.
    pub fn open_pin(&self, path: u64) -> Result<Fd> {
        Fd::from_result(unsafe { sys::ebpf_pin_open(self.as_ptr(), path) })
    }

    /// Entry `index` of a directory there, in no certain order; ENOENT behind the
    /// last.
    pub fn pin_entry(&self, path: u64, index: u32) -> Result<PinEntry> {
        let mut entry = sys::ebpf_pin_entry {
            name: [0; 256],
            is_directory: false,
        };
        check(unsafe { sys::ebpf_pin_read(self.as_ptr(), path, index, &mut entry) })?;
        Ok(PinEntry(entry))
    }
}

/// A name below /sys/fs/bpf.
#[derive(Clone, Copy)]
pub struct PinEntry(sys::ebpf_pin_entry);

impl PinEntry {
    /// Without its directory.
    pub fn name(&self) -> &str {
        crate::system::text_of(&self.0.name)
    }

    /// Or an object.
    pub fn is_directory(&self) -> bool {
        self.0.is_directory
    }
}
