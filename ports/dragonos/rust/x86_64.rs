// SPDX-License-Identifier: MIT
//! What is DragonOS's on x86-64 alone: the hooks in its handlers, and the C
//! functions of ports/dragonos/x86_64/kernel.h.

use core::ffi::c_int;
use core::ptr::null_mut;

use system_error::SystemError;

use super::PAGE;
use crate::arch::interrupt::{ipi::send_ipi, TrapFrame};
use crate::arch::MMArch;
use crate::exception::ipi::{IpiKind, IpiTarget};
use crate::exception::HardwareIrqNumber;
use crate::mm::allocator::page_frame::{
    allocate_page_frames, deallocate_page_frames, PageFrameCount, PhysPageFrame,
};
use crate::mm::{kernel_mapper::KernelMapper, mmio_buddy::mmio_pool, page::EntryFlags};
use crate::mm::{tlb::flush_tlb_kernel_range, MemoryManagementArch, PhysAddr, VirtAddr};
use crate::process::preempt::PreemptGuard;
use crate::smp::cpu::ProcessorId;

/// The kernel's IPI_NUM_EBPF, which arch/x86_64/interrupt/ipi.rs gets.
const IPI_NUM_EBPF: u32 = 205;

// ports/dragonos/x86_64/trap_frame.h has a frame of 24 words.
const _: () = assert!(size_of::<TrapFrame>() == 24 * 8);

unsafe extern "C" {
    /// First in `do_page_fault` and `do_general_protection`; true: return at once.
    #[link_name = "ebpf_dragonos_fault"]
    pub safe fn on_fault(frame: &mut TrapFrame) -> bool;
    /// The arm of IPI_NUM_EBPF, behind the end of interrupt.
    #[link_name = "ebpf_dragonos_ipi"]
    pub safe fn on_ipi(frame: &mut TrapFrame);
}

fn direct_map() -> usize {
    unsafe { MMArch::phys_2_virt(PhysAddr::new(0)) }.map_or(0, |map| map.data())
}

fn protect(begin: usize, count: usize, flags: EntryFlags<MMArch>) -> Option<()> {
    // The mapper's lock is its CPU's.
    let _pinned = PreemptGuard::new();
    let mut lock = KernelMapper::lock();
    let mapper = lock.as_mut()?;
    for page in 0..count {
        unsafe { mapper.remap(VirtAddr::new(begin + page * PAGE), flags) }?.flush();
    }
    Some(())
}

fn window(size: usize) -> Option<usize> {
    let guard = mmio_pool().create_mmio(size).ok()?;
    // So that its tables exist; what is mapped is written over.
    let somewhere = PhysAddr::new(0);
    unsafe { guard.map_phys_with_flags(somewhere, size, EntryFlags::new()) }.ok()?;
    let begin = guard.vaddr().data();
    core::mem::forget(guard);
    Some(begin)
}

// In the order of x86_64/kernel.h, which says what each is.
ebpf::export_functions! {
    fn dragonos_pages_alloc(count: usize) -> *mut u8 {
        allocate_page_frames(PageFrameCount::new(count))
            .and_then(|(frames, _)| MMArch::phys_2_virt(frames))
            .map_or(null_mut(), |pages| pages.data() as *mut u8)
    }
    fn dragonos_pages_free(pages: *mut u8, count: usize) {
        let frame = PhysPageFrame::new(PhysAddr::new(pages as usize - direct_map()));
        deallocate_page_frames(frame, PageFrameCount::new(count))
    }
    fn dragonos_pages_protect(pages: *mut u8, count: usize, write: bool, execute: bool) -> c_int {
        let begin = pages as usize;
        let flags = EntryFlags::new().set_write(write).set_execute(execute);
        if protect(begin, count, flags).is_none() {
            return SystemError::EFAULT.to_posix_errno();
        }
        let end = VirtAddr::new(begin + count * PAGE);
        flush_tlb_kernel_range(VirtAddr::new(begin), end, false);
        0
    }
    fn dragonos_window(count: usize) -> *mut u8 {
        window(count * PAGE).map_or(null_mut(), |begin| begin as *mut u8)
    }
    fn dragonos_direct_map() -> usize { direct_map() }

    fn dragonos_send_ipi(cpu: u32) {
        let kind = IpiKind::SpecVector(HardwareIrqNumber::new(IPI_NUM_EBPF));
        send_ipi(kind, IpiTarget::Specified(ProcessorId::new(cpu)))
    }
}
