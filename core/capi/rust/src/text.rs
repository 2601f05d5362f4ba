// SPDX-License-Identifier: MIT
//! The texts that Linux has in files (/proc/kallsyms, tracefs and others), for a
//! kernel's file layer, under the paths that Linux has.

use core::ffi::CStr;
use core::mem::MaybeUninit;

use crate::client::{Client, Fd};
use crate::errno::{check, Errno, Result};
use crate::kernel_client::KernelClient;
use crate::sys;
pub use crate::tree::{Folder, TextFile, Tree};

/// Linux's flags of open(2) that texts know, to be summed up.
#[allow(missing_docs)]
pub mod flags {
    pub const READ_ONLY: u32 = 0;
    pub const WRITE_ONLY: u32 = 1;
    pub const READ_WRITE: u32 = 2;
    /// What is there goes.
    pub const TRUNCATE: u32 = 0o1000;
    pub const APPEND: u32 = 0o2000;
}

/// One of the texts that are always there.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// For [`read_at`].
    pub index: u32,
    /// Where Linux has it.
    pub path: &'static CStr,
    /// Of that file, which is root's.
    pub mode: u32,
}

/// All of them; those that are there for each event, CPU or option are found by
/// [`KernelClient::text_entry`]. Context: any.
pub fn all() -> impl Iterator<Item = Text> {
    (0..).map_while(|index| {
        let mut mode = 0;
        let path = unsafe { sys::ebpf_text_path(index, &mut mode) };
        (!path.is_null()).then(|| Text {
            index,
            path: unsafe { CStr::from_ptr(path) },
            mode,
        })
    })
}

/// What is at a path.
#[derive(Clone, Copy)]
pub struct TextEntry(sys::ebpf_text_entry);

impl TextEntry {
    /// Without its directory.
    pub fn name(&self) -> &str {
        crate::system::text_of(&self.0.name)
    }

    /// Or a text.
    pub fn is_directory(&self) -> bool {
        self.0.is_directory
    }

    /// Its permissions; it is root's.
    pub fn mode(&self) -> u32 {
        self.0.mode
    }
}

/// Some of text `index`, from `offset` on, to an address of the client's: for
/// file layers that keep nothing per open file.
///
/// # Safety
/// If `client` is the kernel's, `size` bytes at `to` can be written.
pub unsafe fn read_at(
    client: &Client,
    index: u32,
    offset: u64,
    to: u64,
    size: u64,
) -> Result<usize> {
    check(unsafe { sys::ebpf_text_read(client.as_ptr(), index, offset, to, size) })
        .map(|size| size as usize)
}

fn address_of(path: &CStr) -> u64 {
    path.as_ptr() as u64
}

fn entry_of(
    client: &Client,
    read: impl FnOnce(*mut sys::ebpf_client, *mut sys::ebpf_text_entry) -> i64,
) -> Result<TextEntry> {
    let mut entry = MaybeUninit::<sys::ebpf_text_entry>::zeroed();
    check(read(client.as_ptr(), entry.as_mut_ptr()))?;
    Ok(TextEntry(unsafe { entry.assume_init() }))
}

impl KernelClient {
    /// A descriptor of one, to read and to write commands. ENOENT, EISDIR,
    /// ENOTDIR, EACCES; EBUSY where another reads what is gone once it was read
    /// (trace_pipe).
    pub fn open_text(&self, path: &CStr, flags: u32) -> Result<Fd> {
        let path = address_of(path);
        Fd::from_result(unsafe { sys::ebpf_text_open(self.as_ptr(), path, flags) })
    }

    /// What is at `path`. ENOENT.
    pub fn text_at(&self, path: &CStr) -> Result<TextEntry> {
        let path = address_of(path);
        entry_of(self, |client, entry| unsafe {
            sys::ebpf_text_stat(client, path, entry)
        })
    }

    /// Entry `index` of a directory of texts, in no certain order; ENOENT behind
    /// the last. ENOTDIR.
    pub fn text_entry(&self, directory: &CStr, index: u32) -> Result<TextEntry> {
        let path = address_of(directory);
        entry_of(self, |client, entry| unsafe {
            sys::ebpf_text_list(client, path, index, entry)
        })
    }

    /// All of a short text; how long it is, or E2BIG.
    pub fn read_text(&self, path: &CStr, to: &mut [u8]) -> Result<usize> {
        let fd = self.open_text(path, flags::READ_ONLY)?;
        let mut size = 0;
        let result = loop {
            if size == to.len() {
                break Err(Errno::E2BIG);
            }
            match self.read(fd, &mut to[size..]) {
                Ok(0) | Err(Errno::EAGAIN) => break Ok(size),
                Ok(more) => size += more,
                Err(errno) => break Err(errno),
            }
        };
        self.close(fd)?;
        result
    }

    /// Some of a text, from `offset` on, for file layers that keep nothing for
    /// each open file; what is before `offset` is made anew each time. In a
    /// trace_pipe nothing is: what was read is gone. Nothing if there is none now.
    pub fn read_text_at(&self, path: &CStr, offset: usize, to: &mut [u8]) -> Result<usize> {
        let is_pipe = path.to_bytes().ends_with(b"/trace_pipe");
        let fd = self.open_text(path, flags::READ_ONLY)?;
        let result = self.read_behind(fd, if is_pipe { 0 } else { offset }, to);
        self.close(fd)?;
        match result {
            Err(Errno::EAGAIN) => Ok(0),
            result => result,
        }
    }

    fn read_behind(&self, fd: Fd, mut offset: usize, to: &mut [u8]) -> Result<usize> {
        let mut skipped = [0; 512];
        while offset > 0 {
            let size = skipped.len().min(offset);
            match self.read(fd, &mut skipped[..size])? {
                0 => return Ok(0),
                more => offset -= more,
            }
        }
        self.read(fd, to)
    }

    /// Gives a text what was written to it, for file layers that do not tell how
    /// it was opened: an empty line clears it, as `>` would, and all else is
    /// added, as by `>>`. How long it is; EINVAL for what is no text.
    pub fn write_line(&self, path: &CStr, line: &[u8]) -> Result<usize> {
        let command = core::str::from_utf8(line).map_err(|_| Errno::EINVAL)?;
        let is_empty = command.trim().is_empty();
        let flags = if is_empty {
            flags::TRUNCATE
        } else {
            flags::APPEND
        };
        self.write_text(path, command, flags)?;
        Ok(line.len())
    }

    /// Gives a text one command, as `echo` does. EIO if it took only some.
    pub fn write_text(&self, path: &CStr, command: &str, flags: u32) -> Result<()> {
        let fd = self.open_text(path, flags::WRITE_ONLY | flags)?;
        let written = self.write(fd, command.as_bytes());
        self.close(fd)?;
        if written? == command.len() {
            Ok(())
        } else {
            Err(Errno::EIO)
        }
    }
}
