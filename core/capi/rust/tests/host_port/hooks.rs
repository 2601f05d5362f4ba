// SPDX-License-Identifier: MIT
//! What a kernel's traps call, with frames that were made up.

use ebpf::frame::PtRegs;
use ebpf::{hooks, KernelClient, MapSpec, ProgramSpec};

use crate::calls::{count_of, counter};
use crate::host::{in_trap, Function, Kernel};

/// A frame in which each register has a number of its own.
fn frame() -> PtRegs {
    let words = std::array::from_fn::<u64, 21, _>(|i| 0x1000 + i as u64);
    let mut regs = unsafe { std::mem::transmute::<[u64; 21], PtRegs>(words) };
    regs.rflags = 2;
    regs
}

pub fn a_breakpoint_goes_through_the_typed_frame() {
    let _kernel = Kernel::start();
    let function = Function::new(c"rust_face_trapped");
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::array(8, 1)).unwrap();
    let insns = counter(&map);
    let program = client
        .load_program(&ProgramSpec::new(ProgramSpec::KPROBE, &insns), None)
        .unwrap();
    let link = client
        .attach_kprobe(c"rust_face_trapped", 0, &program)
        .unwrap();
    let mut regs = frame();
    regs.rip = function.address() + 1; // behind the breakpoint
    let expected = regs;
    assert!(in_trap(|| unsafe { hooks::on_breakpoint(&mut regs) }));
    drop(link);
    assert_eq!(count_of(&map), 1);
    // The displaced NOP has happened, and nothing else.
    assert_eq!(regs, expected);
}

pub fn a_breakpoint_of_nobody_leaves_the_frame() {
    let _kernel = Kernel::start();
    let debuggers = Function::with_code(c"rust_face_int3", &[0xcc, 0xc3]);
    let mut regs = frame();
    regs.rip = debuggers.address() + 1;
    let expected = regs;
    assert!(!in_trap(|| unsafe { hooks::on_breakpoint(&mut regs) }));
    assert_eq!(regs, expected);
}

pub fn faults_elsewhere_are_the_kernels() {
    let _kernel = Kernel::start();
    let mut regs = frame();
    assert!(!in_trap(|| unsafe { hooks::on_fault(&mut regs) }));
    assert!(!in_trap(|| unsafe { hooks::fix_fault(&mut regs) }));
    assert_eq!(regs, frame());
}

pub fn a_stack_without_followed_calls_may_end() {
    let _kernel = Kernel::start();
    let here = 0u64;
    let at = &raw const here as usize;
    unsafe { hooks::task_exit(at - 4096, at - 2048) };
}
