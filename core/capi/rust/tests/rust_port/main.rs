// SPDX-License-Identifier: MIT
//! A kernel whose services are Rust's, and not many: what it has works, and what
//! it has not is as absent as if nobody had ever thought of it.

#[path = "../common/mod.rs"]
mod common;
mod kernel;

use std::process::ExitCode;

use ebpf::{sys, Errno, KernelClient, MapSpec, ProgramSpec};
use kernel::Running;

const TESTS: &[common::Test] = &[
    ("services_are_rusts", services_are_rusts),
    ("features_are_what_was_named", features_are_what_was_named),
    (
        "programs_run_in_maps_of_rusts_memory",
        programs_run_in_maps_of_rusts_memory,
    ),
    (
        "without_text_there_are_no_probes",
        without_text_there_are_no_probes,
    ),
    (
        "helpers_of_absent_services_are_refused",
        helpers_of_absent_services_are_refused,
    ),
    (
        "helpers_of_services_are_there",
        helpers_of_services_are_there,
    ),
    ("deferred_work_is_handed_over", deferred_work_is_handed_over),
];

fn main() -> ExitCode {
    common::run("rust_face.rust_port", TESTS)
}

extern "C" {
    static ebpf_port_this_cpu: sys::ebpf_this_cpu;
    static ebpf_port_context: sys::ebpf_context;
    fn ebpf_port_task_pid() -> u32;
    fn ebpf_port_features() -> u32;
    fn ebpf_port_defer(work: *mut sys::ebpf_deferred) -> bool;
    fn ebpf_port_wake(file: *mut core::ffi::c_void);
    fn ebpf_port_cpu_id() -> u32;
    fn ebpf_port_may_probe(address: usize, size: usize) -> bool;
    fn ebpf_port_task_comm(name: *mut u8, size: usize) -> bool;
    fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32);
}

fn services_are_rusts() {
    let (mut pid, mut tgid) = (0, 0);
    unsafe { ebpf_port_task_ids(&mut pid, &mut tgid) };
    assert_eq!((pid, tgid), kernel::IDS);
    assert_eq!(unsafe { ebpf_port_task_pid() }, kernel::IDS.0);
    assert_eq!(unsafe { ebpf_port_cpu_id() }, 0);
    assert_eq!(
        unsafe { ebpf_port_this_cpu.facts },
        sys::EBPF_THIS_CPU_NO_PREEMPTION
    );
    assert_eq!(
        unsafe { ebpf_port_context.facts },
        sys::EBPF_CONTEXT_RESCHED
    );
    let _running = Running::start();
    assert!(kernel::log().contains("ebpf"), "{}", kernel::log());
}

/// A bit for the clock, none for all others; and core's own defaults.
fn features_are_what_was_named() {
    assert_eq!(unsafe { ebpf_port_features() }, 8);
    assert!(!unsafe { ebpf_port_may_probe(main as *const () as usize, 1) });
    assert!(!unsafe { ebpf_port_task_comm([0; 16].as_mut_ptr(), 16) });
    unsafe { ebpf_port_wake(std::ptr::null_mut()) };
}

fn programs_run_in_maps_of_rusts_memory() {
    let _running = Running::start();
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::hash(4, 8, 100)).unwrap();
    map.update(b"abcd", b"12345678", 0).unwrap();
    let mut value = [0; 8];
    map.lookup(b"abcd", &mut value).unwrap();
    assert_eq!(&value, b"12345678");
    // r0 = *(u32*)(r1 + 0); exit
    let insns = [0x0000_1061, 0x95];
    let spec = ProgramSpec::new(ProgramSpec::RAW_TRACEPOINT, &insns);
    let program = client.load_program(&spec, None).unwrap();
    assert_eq!(program.run(&[77]), Ok(77));
}

fn without_text_there_are_no_probes() {
    let _running = Running::start();
    let client = KernelClient::new().unwrap();
    let insns = [0xb7, 0x95];
    let program = client
        .load_program(&ProgramSpec::new(ProgramSpec::KPROBE, &insns), None)
        .unwrap();
    let probed = client.attach_kprobe(c"main", 0, &program);
    assert_eq!(probed.unwrap_err(), Errno::EOPNOTSUPP);
    assert_eq!(ebpf::set_jit(true, false), Err(Errno::EOPNOTSUPP));
}

fn loads(helper: u64) -> ebpf::Result<()> {
    let _running = Running::start();
    let client = KernelClient::new().unwrap();
    // r1 = 0; call helper; r0 = 0; exit
    let insns = [0x1b7, helper << 32 | 0x85, 0xb7, 0x95];
    let spec = ProgramSpec::new(ProgramSpec::KPROBE, &insns);
    client.load_program(&spec, None).map(|_| ())
}

fn helpers_of_absent_services_are_refused() {
    const SEND_SIGNAL: u64 = 109;
    assert_eq!(loads(SEND_SIGNAL), Err(Errno::EINVAL));
}

fn helpers_of_services_are_there() {
    const KTIME_GET_TAI_NS: u64 = 208;
    assert_eq!(loads(KTIME_GET_TAI_NS), Ok(()));
}

fn deferred_work_is_handed_over() {
    unsafe extern "C" fn run(_work: *mut sys::ebpf_deferred) {
        DONE.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    static DONE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    let mut work = sys::ebpf_deferred {
        next: std::ptr::null_mut(),
        run,
    };
    assert!(unsafe { ebpf_port_defer(&mut work) });
    assert!(!DONE.load(std::sync::atomic::Ordering::Relaxed));
    kernel::run_deferred();
    assert!(DONE.load(std::sync::atomic::Ordering::Relaxed));
}
