// SPDX-License-Identifier: MIT
//! Files of ours in a kernel's own table of descriptors, for its file objects.

use core::ffi::{c_void, CStr};
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::client::Pages;
use crate::clients::Clients;
use crate::errno::{check, check_nothing, Errno, Result};
use crate::sys;

/// A reference to what a descriptor stands for, of a kernel with [`Clients`].
/// Context of everything that is not said otherwise: task; of the drop: any, for
/// a task does what is to wait.
#[derive(Debug)]
pub struct File {
    raw: NonNull<sys::ebpf_file>,
}

// It counts its references and has its own locks.
unsafe impl Send for File {}
unsafe impl Sync for File {}

impl Clone for File {
    /// Another reference. Context: any.
    fn clone(&self) -> File {
        unsafe { sys::ebpf_file_keep(self.as_ptr()) };
        File { raw: self.raw }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        unsafe { sys::ebpf_file_put_later(self.as_ptr()) }
    }
}

/// What mmap(2) asks of a file, and how the kernel maps.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// Where it begins in the file.
    pub offset: usize,
    /// In bytes.
    pub size: usize,
    /// PROT_READ.
    pub reads: bool,
    /// PROT_WRITE.
    pub writes: bool,
    /// PROT_EXEC.
    pub executes: bool,
    /// MAP_SHARED.
    pub is_shared: bool,
    /// It does not become longer, nor is it written later: see [`Pages::sealed`].
    pub is_limited: bool,
    /// Pages can be shown twice: see [`Pages::mirrored_size`].
    pub mirrors: bool,
}

impl File {
    /// Takes over a reference.
    ///
    /// # Safety
    /// `raw` is one of the caller's, as [`File::into_raw`] gave it.
    pub unsafe fn from_raw(raw: NonNull<sys::ebpf_file>) -> File {
        File { raw }
    }

    /// Gives the reference to the caller.
    pub fn into_raw(self) -> NonNull<sys::ebpf_file> {
        ManuallyDrop::new(self).raw
    }

    /// For calls of [`sys`].
    pub fn as_ptr(&self) -> *mut sys::ebpf_file {
        self.raw.as_ptr()
    }

    /// Linux's read(2) to memory of the kernel, but EAGAIN where that blocks.
    pub fn read(&self, to: &mut [u8]) -> Result<usize> {
        let kernel = &Clients::get()?.kernel;
        let (address, size) = (to.as_mut_ptr() as u64, to.len() as u64);
        let read = unsafe { sys::ebpf_file_read(kernel.as_ptr(), self.as_ptr(), address, size) };
        check(read).map(|size| size as usize)
    }

    /// Linux's write(2): what it can take, perhaps not all.
    pub fn write(&self, from: &[u8]) -> Result<usize> {
        let kernel = &Clients::get()?.kernel;
        let (address, size) = (from.as_ptr() as u64, from.len() as u64);
        let taken = unsafe { sys::ebpf_file_write(kernel.as_ptr(), self.as_ptr(), address, size) };
        check(taken).map(|size| size as usize)
    }

    /// The bits of Linux's poll(2) that hold now; it never waits.
    pub fn poll(&self) -> u32 {
        unsafe { sys::ebpf_file_poll(self.as_ptr()) as u32 }
    }

    /// Linux's ioctl(2), of the calling process.
    pub fn ioctl(&self, command: u32, argument: u64) -> Result<i64> {
        let caller = &Clients::get()?.callers;
        check(unsafe { sys::ebpf_file_ioctl(caller.as_ptr(), self.as_ptr(), command, argument) })
    }

    /// What mmap(2) gives the calling process. Who maps it keeps a clone of this
    /// until it is unmapped. `protection` is Linux's: 1 to read, 2 to write.
    pub fn mmap(&self, offset: u64, size: u64, protection: u32) -> Result<Pages> {
        let caller = &Clients::get()?.callers;
        Pages::found_by(|pages| unsafe {
            let (caller, file) = (caller.as_ptr(), self.as_ptr());
            sys::ebpf_file_mmap(caller, file, offset, size, protection, pages)
        })
    }

    /// The same with Linux's answers to all that mmap(2) asks, and to what the
    /// kernel cannot do. EINVAL for private mappings, ENODEV.
    pub fn map(&self, asked: &Mapping) -> Result<Pages> {
        let is = |flag, bit: u32| if flag { bit } else { 0 };
        let protection = is(asked.reads, 1) | is(asked.writes, 2) | is(asked.executes, 4);
        if !asked.is_shared && !asked.executes {
            return Err(Errno::EINVAL);
        }
        let pages = self.mmap(asked.offset as u64, asked.size as u64, protection)?;
        // Without the mirror there would be records over a ring's end in pieces.
        let is_torn = pages.mirrored_size != 0 && asked.writes && !asked.mirrors;
        if pages.sealed && !asked.is_limited || is_torn {
            return Err(Errno::ENODEV);
        }
        Ok(pages)
    }

    /// From now on [`crate::platform::Wake::wake`] is called with `file` when
    /// there is something to read that there was not. EBUSY the second time,
    /// EOPNOTSUPP for files that wake nobody.
    ///
    /// # Safety
    /// `file` is what that function may be called with until this file's end.
    pub unsafe fn wake_readers(&self, file: *mut c_void) -> Result<()> {
        check_nothing(unsafe { sys::ebpf_file_wake(self.as_ptr(), file) })
    }

    /// The link of /proc/self/fd/N: `anon_inode:bpf-map`.
    pub fn name(&self) -> &'static CStr {
        unsafe { CStr::from_ptr(sys::ebpf_file_name(self.as_ptr())) }
    }

    /// The lines of /proc/self/fdinfo/N that are of this kind of object, as many
    /// of them as fit; how long they are.
    pub fn describe(&self, to: &mut [u8]) -> usize {
        unsafe { sys::ebpf_file_info(self.as_ptr(), to.as_mut_ptr(), to.len()) as usize }
    }
}
