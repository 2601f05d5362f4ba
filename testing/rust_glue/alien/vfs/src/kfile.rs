// SPDX-License-Identifier: MIT
use alloc::sync::Arc;
use core::fmt::Debug;

use constants::io::{OpenFlags, PollEvents, SeekFrom};
use constants::AlienResult;
use vfscore::dentry::VfsDentry;
use vfscore::inode::VfsInode;
use vfscore::utils::VfsFileStat;

vfscore::downcasts!(File);

pub trait File: Debug + Send + Sync + IsAny + 'static {
    fn read(&self, buf: &mut [u8]) -> AlienResult<usize>;
    fn write(&self, buf: &[u8]) -> AlienResult<usize>;
    fn seek(&self, pos: SeekFrom) -> AlienResult<u64>;
    fn get_attr(&self) -> AlienResult<VfsFileStat>;
    fn dentry(&self) -> Arc<dyn VfsDentry>;
    fn inode(&self) -> Arc<dyn VfsInode>;
    fn is_readable(&self) -> bool;
    fn is_writable(&self) -> bool;
    fn is_append(&self) -> bool;
    fn ioctl(&self, _cmd: u32, _arg: usize) -> AlienResult<usize> {
        panic!("as the real one")
    }
    fn poll(&self, _event: PollEvents) -> AlienResult<PollEvents> {
        panic!("as the real one")
    }
    fn get_open_flag(&self) -> OpenFlags {
        panic!("as the real one")
    }
}
