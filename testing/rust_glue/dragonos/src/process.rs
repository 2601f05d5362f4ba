// SPDX-License-Identifier: MIT
use alloc::sync::Arc;
use core::cell::UnsafeCell;

use crate::filesystem::vfs::file::FileDescriptorTable;

pub struct ProcessManager;
pub struct ProcessControlBlock(Arc<FileDescriptorTable>);
pub struct RawPid(usize);

impl RawPid {
    pub const fn data(&self) -> usize {
        self.0
    }
}

struct Current(UnsafeCell<Option<Arc<ProcessControlBlock>>>);

unsafe impl Sync for Current {}

static CURRENT: Current = Current(UnsafeCell::new(None));

/// The next process, of the tests; the last one's table goes.
pub fn start(table: Option<Arc<FileDescriptorTable>>) {
    let process = table.map(|table| Arc::new(ProcessControlBlock(table)));
    unsafe { *CURRENT.0.get() = process };
}

impl ProcessManager {
    pub fn initialized() -> bool {
        unsafe { (*CURRENT.0.get()).is_some() }
    }
    pub fn current_pcb() -> Arc<ProcessControlBlock> {
        let current = unsafe { &*CURRENT.0.get() };
        current.clone().expect("the real one hangs")
    }
    pub fn preempt_disable() {
        calls::called!("preempt_disable");
    }
    pub fn preempt_enable() {
        calls::called!("preempt_enable");
    }
}

impl ProcessControlBlock {
    pub fn raw_pid(&self) -> RawPid {
        RawPid(42)
    }
    pub fn raw_tgid(&self) -> RawPid {
        RawPid(40)
    }
    pub fn fd_table(&self) -> Arc<FileDescriptorTable> {
        self.0.clone()
    }
}

pub mod cred {
    #[derive(Debug)]
    #[allow(non_camel_case_types)]
    pub enum CAPFlags {
        CAP_SYS_ADMIN,
        CAP_PERFMON,
        CAP_BPF,
    }

    pub fn capable(cap: CAPFlags) -> bool {
        calls::called!("capable {cap:?}");
        true
    }
}

pub mod kthread {
    use alloc::boxed::Box;
    use alloc::string::String;
    use alloc::sync::Arc;

    use super::ProcessControlBlock;

    pub type Function = Box<dyn Fn() -> i32 + Send + Sync>;

    pub enum KernelThreadClosure {
        EmptyClosure((Function, ())),
    }

    pub struct KernelThreadMechanism;

    impl KernelThreadMechanism {
        pub fn create_and_run(
            closure: KernelThreadClosure, name: String,
        ) -> Option<Arc<ProcessControlBlock>> {
            let KernelThreadClosure::EmptyClosure((run, ())) = closure;
            calls::called!("thread {name} returned {}", run());
            Some(super::ProcessManager::current_pcb())
        }
    }
}

pub mod preempt {
    pub struct PreemptGuard;

    impl PreemptGuard {
        pub fn new() -> Self {
            calls::called!("pinned");
            Self
        }
    }

    impl Drop for PreemptGuard {
        fn drop(&mut self) {
            calls::called!("unpinned");
        }
    }
}
