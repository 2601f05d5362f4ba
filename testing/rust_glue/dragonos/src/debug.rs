// SPDX-License-Identifier: MIT
pub mod sysfs {
    use alloc::sync::Arc;

    use crate::filesystem::kernfs::KernFSInode;

    pub struct CommonKobj;

    pub fn debugfs_kobj() -> Arc<CommonKobj> {
        Arc::new(CommonKobj)
    }

    impl CommonKobj {
        pub fn inode(&self) -> Option<Arc<KernFSInode>> {
            Some(crate::filesystem::kernfs::root())
        }
    }
}
