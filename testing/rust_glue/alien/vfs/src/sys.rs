// SPDX-License-Identifier: MIT
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use ksync::Mutex;
use vfscore::error::VfsError;
use vfscore::file::VfsFile;
use vfscore::inode::VfsInode;
use vfscore::utils::{VfsFileStat, VfsNodePerm, VfsNodeType, VfsPollEvents};
use vfscore::VfsResult;

pub struct SysFsDirInodeImpl(Mutex<BTreeMap<String, Arc<dyn VfsInode>>>);

impl SysFsDirInodeImpl {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
    /// For the tests.
    pub fn find(&self, path: &str) -> Option<Arc<dyn VfsInode>> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let found = self.0.lock().get(name)?.clone();
        if rest.is_empty() {
            return Some(found);
        }
        found.downcast_arc::<Self>().ok()?.find(rest)
    }

    fn put(&self, name: &str, inode: Arc<dyn VfsInode>) -> VfsResult<Arc<dyn VfsInode>> {
        match self.0.lock().insert(name.into(), inode.clone()) {
            None => Ok(inode),
            Some(_) => Err(VfsError::Invalid),
        }
    }
    pub fn add_dir_manually(&self, name: &str, _perm: VfsNodePerm) -> VfsResult<Arc<dyn VfsInode>> {
        self.put(name, Arc::new(Self::new()))
    }
    pub fn add_file_manually(
        &self, name: &str, inode: Arc<dyn VfsInode>, _perm: VfsNodePerm,
    ) -> VfsResult<Arc<dyn VfsInode>> {
        self.put(name, inode)
    }
}

impl VfsFile for SysFsDirInodeImpl {
    fn read_at(&self, _offset: u64, _buf: &mut [u8]) -> VfsResult<usize> {
        Err(VfsError::Invalid)
    }
    fn write_at(&self, _offset: u64, _buf: &[u8]) -> VfsResult<usize> {
        Err(VfsError::Invalid)
    }
    fn poll(&self, event: VfsPollEvents) -> VfsResult<VfsPollEvents> {
        Ok(event)
    }
}

impl VfsInode for SysFsDirInodeImpl {
    fn inode_type(&self) -> VfsNodeType {
        VfsNodeType::Dir
    }
    fn get_attr(&self) -> VfsResult<VfsFileStat> {
        Ok(VfsFileStat::default())
    }
}
