// SPDX-License-Identifier: MIT
//! The texts in a kernel's own tree of files, which keeps nothing per open file.

use alloc::collections::BTreeMap;
use alloc::ffi::CString;
use core::ffi::CStr;

use crate::clients::Clients;
use crate::errno::Result;
use crate::kernel_client::KernelClient;
use crate::locked::Locked;

/// What a file of that tree has: one of the texts.
#[derive(Debug)]
pub struct TextFile(CString);

impl TextFile {
    /// Some of it, from `offset` on: [`KernelClient::read_text_at`].
    pub fn read_at(&self, offset: usize, to: &mut [u8]) -> Result<usize> {
        Clients::get()?.kernel.read_text_at(&self.0, offset, to)
    }

    /// Gives it a command: [`KernelClient::write_line`].
    pub fn write(&self, line: &[u8]) -> Result<usize> {
        Clients::get()?.kernel.write_line(&self.0, line)
    }

    /// What was written to it may have made events, and so files: behind that the
    /// kernel calls [`Tree::show`] once more.
    pub fn makes_others(&self) -> bool {
        self.0.to_bytes().ends_with(b"_events")
    }
}

/// A directory in the kernel's own tree of files. Context: task.
pub trait Folder: Clone {
    /// Of that file layer.
    type Error;
    /// Makes a directory below.
    fn add_folder(&self, name: &str, mode: u32) -> core::result::Result<Self, Self::Error>;
    /// Makes a file there.
    fn add_text(
        &self,
        name: &str,
        mode: u32,
        text: TextFile,
    ) -> core::result::Result<(), Self::Error>;
}

/// What is shown of the texts: by Linux's paths, the directories, and None for
/// files. Nothing is ever taken away. Context: task.
#[derive(Debug, Default)]
pub struct Tree<F>(Locked<BTreeMap<CString, Option<F>>>);

impl<F: Folder> Tree<F> {
    /// Nothing.
    pub const fn new() -> Tree<F> {
        Tree(Locked::new(BTreeMap::new()))
    }

    /// What stands for Linux's directory `path`, by its name in `parent`: made,
    /// if it is not there.
    pub fn folder(&self, parent: &F, path: &CStr, mode: u32) -> core::result::Result<F, F::Error> {
        if let Some(shown) = self.0.with(|shown| shown.get(path).cloned()).flatten() {
            return Ok(shown);
        }
        let made = parent.add_folder(name_of(path), mode)?;
        let kept = Some(made.clone());
        self.0.with(|shown| shown.insert(path.into(), kept));
        Ok(made)
    }

    /// Shows Linux's directory `path` in `parent`, and all texts that are below it
    /// now; what is there already stays. Recursion ends with the tree, which is
    /// five levels deep. There are none before [`Clients::start`].
    pub fn show(&self, parent: &F, path: &CStr) -> core::result::Result<(), F::Error> {
        match Clients::get() {
            Ok(clients) => self.show_with(&clients.kernel, parent, path),
            Err(_) => Ok(()),
        }
    }

    fn show_with(
        &self,
        kernel: &KernelClient,
        parent: &F,
        path: &CStr,
    ) -> core::result::Result<(), F::Error> {
        let mode = kernel.text_at(path).map_or(0o700, |entry| entry.mode());
        let folder = self.folder(parent, path, mode)?;
        let mut index = 0;
        while let Ok(entry) = kernel.text_entry(path, index) {
            index += 1;
            let below = [path.to_bytes(), entry.name().as_bytes()].join(&b'/');
            let Ok(below) = CString::new(below) else {
                continue; // no text has such a path
            };
            if entry.is_directory() {
                self.show_with(kernel, &folder, &below)?;
            } else if !self.0.with(|shown| shown.contains_key(&below)) {
                folder.add_text(entry.name(), entry.mode(), TextFile(below.clone()))?;
                self.0.with(|shown| shown.insert(below, None));
            }
        }
        Ok(())
    }
}

/// The last part of a path.
fn name_of(path: &CStr) -> &str {
    let path = path.to_str().unwrap_or("");
    path.rsplit('/').next().unwrap_or("")
}
