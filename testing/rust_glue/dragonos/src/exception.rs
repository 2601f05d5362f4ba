// SPDX-License-Identifier: MIT
/// (Its module is not among the facts.)
pub struct HardwareIrqNumber(u32);

impl HardwareIrqNumber {
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
    pub const fn data(&self) -> u32 {
        self.0
    }
}

pub mod ipi {
    pub enum IpiKind {
        SpecVector(super::HardwareIrqNumber),
    }
    pub enum IpiTarget {
        Specified(crate::smp::cpu::ProcessorId),
    }
}

pub mod softirq {
    use alloc::sync::Arc;
    use core::fmt::Debug;

    use system_error::SystemError;

    #[derive(Debug)]
    pub enum SoftirqNumber {
        /// As the README says: the kernel's list gets it.
        EBPF = 3,
    }

    pub trait SoftirqVec: Send + Sync + Debug {
        fn run(&self);
    }

    pub struct Softirq;

    pub fn softirq_vectors() -> &'static Softirq {
        &Softirq
    }

    impl Softirq {
        pub fn raise_softirq(&self, number: SoftirqNumber) {
            calls::called!("raise_softirq {number:?}");
        }
        pub fn register_softirq(
            &self, number: SoftirqNumber, vector: Arc<dyn SoftirqVec>,
        ) -> Result<i32, SystemError> {
            calls::called!("register_softirq {number:?} {vector:?}");
            vector.run();
            Ok(0)
        }
    }
}
