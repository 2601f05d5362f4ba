// SPDX-License-Identifier: MIT
#![no_std]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use ksync::Mutex;
use vfscore::dentry::VfsDentry;
use vfscore::fstype::VfsFsType;
use vfscore::inode::VfsInode;
use vfscore::VfsResult;

pub mod kfile;
pub mod sys;

pub static FS: Mutex<BTreeMap<String, Arc<dyn VfsFsType>>> = Mutex::new(BTreeMap::new());

static SYSFS: Mutex<Option<Arc<sys::SysFsDirInodeImpl>>> = Mutex::new(None);

struct SysFs;
struct Root(Arc<sys::SysFsDirInodeImpl>);

/// For the tests: the kernel boots, and this is its sysfs.
pub fn boot() -> Arc<sys::SysFsDirInodeImpl> {
    let root = Arc::new(sys::SysFsDirInodeImpl::new());
    *SYSFS.lock() = Some(root.clone());
    FS.lock().insert("sysfs".into(), Arc::new(SysFs));
    root
}

pub fn system_root_fs() -> Arc<dyn VfsDentry> {
    Arc::new(Root(SYSFS.lock().clone().expect("it has booted")))
}

impl VfsDentry for Root {
    fn inode(&self) -> VfsResult<Arc<dyn VfsInode>> {
        Ok(self.0.clone())
    }
}

impl VfsFsType for SysFs {
    fn i_mount(
        self: Arc<Self>, flags: u32, mount_point: &str, device: Option<Arc<dyn VfsInode>>,
        data: &[u8],
    ) -> VfsResult<Arc<dyn VfsDentry>> {
        assert!(flags == 0 && mount_point == "/sys" && device.is_none() && data.is_empty());
        Ok(system_root_fs())
    }
}
