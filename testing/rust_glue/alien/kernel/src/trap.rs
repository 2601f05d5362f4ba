// SPDX-License-Identifier: MIT
use alloc::sync::Arc;

use vfs::kfile::File;

pub fn trap_common_read_file(file: Arc<dyn File>, buf: &mut [u8], offset: u64) {
    calls::called!("read {file:?} {} at {offset}", buf.len());
}
