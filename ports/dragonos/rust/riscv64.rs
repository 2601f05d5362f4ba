// SPDX-License-Identifier: MIT
//! What is DragonOS's on RISC-V alone: the hook in its handler of exceptions,
//! and the C function of ports/dragonos/riscv64/kernel.h.

use super::Range;
use crate::arch::interrupt::TrapFrame;
use crate::arch::MMArch;
use crate::mm::MemoryManagementArch;

// ports/dragonos/riscv64/trap_frame.h has a frame of 36 words.
const _: () = assert!(size_of::<TrapFrame>() == 36 * 8);

unsafe extern "C" {
    /// First in `riscv64_do_exception`; true: return at once.
    #[link_name = "ebpf_dragonos_exception"]
    pub safe fn on_exception(frame: &mut TrapFrame) -> bool;
}

// riscv64/kernel.h says what it is.
ebpf::export_functions! {
    fn dragonos_memory(index: usize) -> Range {
        // Devices' registers are mapped there, and nowhere else.
        let devices = MMArch::MMIO_BASE.data();
        match index {
            0 => Range { begin: MMArch::PHYS_OFFSET, end: devices - 1 },
            1 => Range { begin: devices + MMArch::MMIO_SIZE, end: usize::MAX },
            _ => Range { begin: 0, end: 0 },
        }
    }
}
