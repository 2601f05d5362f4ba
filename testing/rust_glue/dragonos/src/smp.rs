// SPDX-License-Identifier: MIT
pub mod core {
    pub fn smp_get_processor_id() -> super::cpu::ProcessorId {
        super::cpu::ProcessorId::new(1)
    }
}

pub mod cpu {
    /// (Its module is not among the facts.)
    pub struct ProcessorId(u32);

    impl ProcessorId {
        pub const fn new(number: u32) -> Self {
            Self(number)
        }
        pub const fn data(&self) -> u32 {
            self.0
        }
    }

    pub struct SmpCpuManager;

    pub fn smp_cpu_manager() -> &'static SmpCpuManager {
        &SmpCpuManager
    }

    impl SmpCpuManager {
        pub fn present_cpus_count(&self) -> u32 {
            2
        }
        pub fn is_online_cpu(&self, cpu: ProcessorId) -> bool {
            cpu.data() < 2
        }
    }
}
