// SPDX-License-Identifier: MIT
#![no_std]

extern crate alloc;

pub type VfsResult<T> = Result<T, error::VfsError>;

pub mod error {
    /// (Its names are not among the facts.)
    #[derive(Debug, PartialEq, Eq)]
    pub enum VfsError {
        Invalid,
    }
}

pub mod utils {
    #[derive(Debug, Default, PartialEq, Eq)]
    pub struct VfsFileStat {
        pub st_size: u64,
    }

    #[derive(Debug, PartialEq, Eq)]
    pub enum VfsNodeType {
        File,
        Dir,
    }

    #[derive(Debug, PartialEq, Eq)]
    pub struct VfsPollEvents(pub u16);

    pub struct VfsNodePerm;

    impl From<&'static str> for VfsNodePerm {
        fn from(text: &'static str) -> Self {
            assert_eq!(text.len(), 9);
            Self
        }
    }
}

pub mod file {
    use crate::utils::VfsPollEvents;
    use crate::VfsResult;

    pub trait VfsFile: Send + Sync {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> VfsResult<usize>;
        fn write_at(&self, offset: u64, buf: &[u8]) -> VfsResult<usize>;
        fn poll(&self, event: VfsPollEvents) -> VfsResult<VfsPollEvents>;
    }
}

/// What downcast-rs makes of a trait.
#[macro_export]
macro_rules! downcasts {
    ($name:ident) => {
        pub trait IsAny {
            fn is_any(&self) -> &dyn core::any::Any;
        }

        impl<T: core::any::Any> IsAny for T {
            fn is_any(&self) -> &dyn core::any::Any {
                self
            }
        }

        impl dyn $name {
            pub fn downcast_arc<T: $name>(
                self: alloc::sync::Arc<Self>,
            ) -> Result<alloc::sync::Arc<T>, alloc::sync::Arc<Self>> {
                use alloc::sync::Arc;
                if (*self).is_any().is::<T>() {
                    Ok(unsafe { Arc::from_raw(Arc::into_raw(self).cast()) })
                } else {
                    Err(self)
                }
            }
        }
    };
}

pub mod inode {
    use crate::file::VfsFile;
    use crate::utils::{VfsFileStat, VfsNodeType};
    use crate::VfsResult;

    downcasts!(VfsInode);

    pub trait VfsInode: VfsFile + IsAny + 'static {
        fn inode_type(&self) -> VfsNodeType;
        fn get_attr(&self) -> VfsResult<VfsFileStat>;
    }
}

pub mod dentry {
    use alloc::sync::Arc;

    use crate::inode::VfsInode;
    use crate::VfsResult;

    pub trait VfsDentry: Send + Sync {
        fn inode(&self) -> VfsResult<Arc<dyn VfsInode>>;
    }
}

pub mod fstype {
    use alloc::sync::Arc;

    use crate::dentry::VfsDentry;
    use crate::inode::VfsInode;
    use crate::VfsResult;

    pub trait VfsFsType: Send + Sync {
        fn i_mount(
            self: Arc<Self>, flags: u32, mount_point: &str, device: Option<Arc<dyn VfsInode>>,
            data: &[u8],
        ) -> VfsResult<Arc<dyn VfsDentry>>;
    }
}
