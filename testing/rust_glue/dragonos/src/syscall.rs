// SPDX-License-Identifier: MIT
pub mod user_access {
    use system_error::SystemError;

    use crate::mm::VirtAddr;

    /// A process whose memory is this one's, but for page 0.
    pub unsafe fn copy_from_user_protected(
        dst: &mut [u8], src: VirtAddr,
    ) -> Result<usize, SystemError> {
        if src.data() < 4096 {
            return Err(SystemError::EFAULT);
        }
        unsafe { core::ptr::copy(src.data() as *const u8, dst.as_mut_ptr(), dst.len()) };
        Ok(dst.len())
    }

    pub unsafe fn copy_to_user_protected(dest: VirtAddr, src: &[u8]) -> Result<usize, SystemError> {
        if dest.data() < 4096 {
            return Err(SystemError::EFAULT);
        }
        unsafe { core::ptr::copy(src.as_ptr(), dest.data() as *mut u8, src.len()) };
        Ok(src.len())
    }
}
