// SPDX-License-Identifier: MIT
pub struct MMArch;
pub struct CurrentTimeArch;

impl crate::mm::MemoryManagementArch for MMArch {
    const PAGE_FAULT_ENABLED: bool = cfg!(not(target_arch = "riscv64"));
    const PHYS_OFFSET: usize = crate::mm::DIRECT_MAP;
    const MMIO_BASE: crate::mm::VirtAddr = crate::mm::VirtAddr::new(0xffff_ffff_8000_0000);
    const MMIO_SIZE: usize = 1 << 30;

    unsafe fn phys_2_virt(address: crate::mm::PhysAddr) -> Option<crate::mm::VirtAddr> {
        // The test's own memory lies below what the direct map could hold.
        Some(crate::mm::VirtAddr::new(address.data().wrapping_add(crate::mm::DIRECT_MAP)))
    }
}

impl crate::time::TimeArch for CurrentTimeArch {
    fn get_cycles() -> usize {
        1234
    }
}

pub mod interrupt {
    use core::ffi::c_ulong;

    /// (Its last fields are of types of the crate `riscv` there.)
    #[cfg(target_arch = "riscv64")]
    #[repr(C)]
    #[derive(Default)]
    pub struct TrapFrame {
        pub epc: usize,
        pub registers: [usize; 31],
        pub status: c_ulong,
        pub badaddr: usize,
        pub cause: c_ulong,
        pub origin_a0: usize,
    }

    #[cfg(not(target_arch = "riscv64"))]
    #[repr(C)]
    #[derive(Default)]
    pub struct TrapFrame {
        pub r15: c_ulong,
        pub r14: c_ulong,
        pub r13: c_ulong,
        pub r12: c_ulong,
        pub r11: c_ulong,
        pub r10: c_ulong,
        pub r9: c_ulong,
        pub r8: c_ulong,
        pub rbx: c_ulong,
        pub rcx: c_ulong,
        pub rdx: c_ulong,
        pub rsi: c_ulong,
        pub rdi: c_ulong,
        pub rbp: c_ulong,
        pub ds: c_ulong,
        pub es: c_ulong,
        pub rax: c_ulong,
        pub func: c_ulong,
        pub errcode: c_ulong,
        pub rip: c_ulong,
        pub cs: c_ulong,
        pub rflags: c_ulong,
        pub rsp: c_ulong,
        pub ss: c_ulong,
    }

    pub mod ipi {
        use crate::exception::ipi::{IpiKind, IpiTarget};

        pub fn send_ipi(kind: IpiKind, target: IpiTarget) {
            let IpiKind::SpecVector(number) = kind;
            let IpiTarget::Specified(cpu) = target;
            calls::called!("send_ipi {} to {}", number.data(), cpu.data());
        }
    }
}
