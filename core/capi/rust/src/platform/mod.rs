// SPDX-License-Identifier: MIT
//! What a kernel gives: [`Platform`], and for more than programs and maps the
//! traits of services beside it. `core/platform` is where each function's meaning
//! is written at length; the contexts here are those.
//!
//! A kernel implements traits for a type of its own and names the services once:
//!
//! ```ignore
//! struct Kernel;
//! unsafe impl ebpf::platform::Platform for Kernel { /* ... */ }
//! unsafe impl ebpf::platform::Defer for Kernel { /* ... */ }
//! ebpf::export_platform!(Kernel: Defer);
//! ```
//!
//! A service that is not named is absent: its functions are not there, core's own
//! defaults are linked, and what needs it is refused as on a Linux without it. So
//! a trait has no default methods, and `ebpf_port_features` is made of the names.
//! A trait that is implemented and not named does not compile,
//!
//! ```compile_fail,E0277
//! struct Kernel;
//! unsafe impl ebpf::platform::TaiClock for Kernel {
//!     fn time_tai_ns() -> u64 {
//!         0
//!     }
//! }
//! ```
//!
//! nor does the other way round.
//!
//! ```compile_fail,E0277
//! struct Kernel;
//! ebpf::__export_service!(Kernel, TaiClock);
//! ```
//!
//! Core calls these from anywhere, on any CPU. All traits are unsafe to
//! implement: core believes what they say. A panic does not leave them; it ends
//! the kernel (Rust's own rule for `extern "C"`).

mod export;
pub mod service;

use core::alloc::Layout;
use core::ffi::{c_int, c_void, CStr};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

pub use crate::errno::{to_c, Errno, Result};
use crate::file::File;
use crate::sys::EBPF_MAX_NOFAULT_RANGES;
pub use crate::sys::{
    ebpf_address_range, ebpf_context, ebpf_deferred, ebpf_symbol, ebpf_this_cpu, ebpf_timer,
};

/// The version of the contract that these traits are (`EBPF_PORT_API`).
pub const PORT_API: u32 = 3;

/// An exported function, for [`crate::init`] to mention.
#[doc(hidden)]
#[repr(transparent)]
pub struct Export(pub *const ());

/// A type whose services are linked: [`crate::export_platform!`] implements it.
///
/// # Safety
/// They are. (A port in C++ may say so by itself.)
pub unsafe trait Exported: 'static {
    /// What it exports, by service.
    #[doc(hidden)]
    const EXPORTS: &'static [&'static [Export]];
}

/// The service `S` is named in the type's `export_platform!`.
///
/// # Safety
/// Only that macro implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements a service that its `export_platform!` does not name",
    label = "name the trait there: export_platform!({Self}: ...)"
)]
#[doc(hidden)]
pub unsafe trait Exports<S> {
    /// Its functions.
    const FUNCTIONS: &'static [Export];
}

/// What core says of memory. Nothing may be at null in C.
#[doc(hidden)]
pub unsafe fn from_raw_parts<'a, T>(data: *const T, size: usize) -> &'a [T] {
    if size == 0 {
        &[]
    } else {
        unsafe { core::slice::from_raw_parts(data, size) }
    }
}

#[doc(hidden)]
pub unsafe fn from_raw_parts_mut<'a, T>(data: *mut T, size: usize) -> &'a mut [T] {
    if size == 0 {
        &mut []
    } else {
        unsafe { core::slice::from_raw_parts_mut(data, size) }
    }
}

/// As core asks for it. There are allocators that align by the size.
fn layout_of(size: usize, align: usize) -> Layout {
    unsafe { Layout::from_size_align_unchecked(size.max(align), align) }
}

#[doc(hidden)]
pub unsafe fn global_alloc(size: usize, align: usize) -> *mut u8 {
    unsafe { alloc::alloc::alloc_zeroed(layout_of(size, align)) }
}

#[doc(hidden)]
pub unsafe fn global_free(memory: *mut u8, size: usize, align: usize) {
    unsafe { alloc::alloc::dealloc(memory, layout_of(size, align)) }
}

extern "C" {
    pub(crate) fn ebpf_port_cpu_count() -> u32;
}

/// T0: what programs and maps need.
///
/// # Safety
/// Each function does what its text says, in the context that it names.
pub unsafe trait Platform: Exports<service::Platform> + 'static {
    /// Zeroed memory; alignments go up to 4096. Context: task.
    fn alloc(layout: Layout) -> Option<NonNull<u8>>;
    /// Gives it back.
    ///
    /// # Safety
    /// `memory` came from `alloc` with the same layout.
    unsafe fn free(memory: NonNull<u8>, layout: Layout);
    /// Which CPU runs the caller, below [`Platform::cpu_count`]. No probe stands
    /// on what this calls. Context: any.
    fn cpu_id() -> u32;
    /// One more than the highest number that a CPU can ever have; never changes.
    /// Context: any.
    fn cpu_count() -> u32;
    /// Nanoseconds, never going back on one CPU. Takes no lock. Context: any.
    fn time_ns() -> u64;
    /// Good enough to seed a hash. Context: any.
    fn random() -> u64;
    /// To the kernel's log, normally one line with its '\n'. Takes no lock that
    /// code under a probe may hold. Context: any.
    fn log(text: &[u8]);
    /// Stops the machine. Context: any.
    fn panic(what: &CStr) -> !;
}

/// Interrupts, where a kernel masks them by something else than the flag that
/// its CPU has for it, or is a process.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Interrupts: Exports<service::Interrupts> {
    /// Masks interrupts on this CPU; how they were. Nests. No probe stands on
    /// what this calls. Context: any.
    fn irq_save() -> usize;
    /// No probe stands on what this calls.
    ///
    /// # Safety
    /// Undoes the innermost `irq_save` that is not undone, which gave `state`.
    unsafe fn irq_restore(state: usize);
    /// The CPU spins. Context: any.
    fn relax();
}

/// Preemption, where a kernel can do better than to mask interrupts.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Preemption: Exports<service::Preemption> {
    /// Keeps the caller on its CPU. Nests. Context: any.
    fn disable() -> usize;
    /// Calls no scheduler in traps and interrupts.
    ///
    /// # Safety
    /// Undoes the `disable` that gave `state`.
    unsafe fn enable(state: usize);
}

/// How core finds out without a call which CPU runs it, and stays there.
///
/// # Safety
/// It is so at any moment in which the kernel's code runs.
pub unsafe trait ThisCpu: Exports<service::ThisCpu> {
    /// What `core/platform/this_cpu.h` says.
    const THIS_CPU: ebpf_this_cpu;
}

/// What records of events tell of what passed them.
///
/// # Safety
/// It is so at any moment in which the kernel's code runs.
pub unsafe trait Context: Exports<service::Context> {
    /// What `core/platform/this_cpu.h` says.
    const CONTEXT: ebpf_context;
}

/// Calls on other CPUs.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait CallOnCpu: Exports<service::CallOnCpu> {
    /// Runs `function(argument)` on `cpu` with interrupts masked, and waits for
    /// it. ENXIO, EBUSY. Context: task.
    ///
    /// # Safety
    /// `function` may be called so.
    unsafe fn call_on_cpu(
        cpu: u32,
        function: unsafe extern "C" fn(*mut c_void),
        argument: *mut c_void,
    ) -> Result<()>;
}

/// Processes: their memory and rights.
///
/// # Safety
/// As [`Platform`]. Neither copy ever touches kernel memory.
pub unsafe trait User: Exports<service::User> {
    /// All of `to`, from the calling process's memory; false if any of it cannot
    /// be read. Context: task.
    fn copy_from_user(to: &mut [MaybeUninit<u8>], from: u64) -> bool;
    /// The other way round. Context: task.
    fn copy_to_user(to: u64, from: &[u8]) -> bool;
    /// Whether it has a capability, by Linux's number. Context: task.
    fn capable(capability: i32) -> bool;
}

/// T1: kernel text can be changed, so there are probes and static keys.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Text: Exports<service::Text> {
    /// Runs `function` while every other CPU stands still with interrupts masked,
    /// each of which synchronises its instruction stream before it goes on; what
    /// it returned. EBUSY where one did not come, and it was not run. Context:
    /// task.
    fn stop_machine(function: &mut dyn FnMut() -> c_int) -> Result<c_int>;
    /// Writes executable memory and makes it what this CPU fetches.
    ///
    /// # Safety
    /// In `stop_machine`'s function; `to` is kernel text or of [`ExecMemory`].
    unsafe fn write_text(to: usize, bytes: &[u8]) -> Result<()>;
    /// Whether a probe may stand there: kernel text, but not what runs between a
    /// breakpoint trap and [`crate::hooks::on_breakpoint`] or behind it, nor
    /// `cpu_id`, `irq_save`, `irq_restore`, the `ebpf_port_*` functions that call
    /// them, and what they call, nor what a stopped CPU runs. Context: task.
    fn may_probe(address: usize, size: usize) -> bool;
}

/// What a port says of preemption inside the kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreemptionModel {
    /// No task is switched away in kernel code but by its own call.
    None = 0,
    /// It is, and [`SavedPcs::saved_pcs`] lists where.
    Listed = 1,
    /// It is, and nobody knows where.
    Unknown = 2,
}

/// Where interrupted kernel code will go on: probes without single steps, and
/// detours.
///
/// # Safety
/// As [`Platform`]. `saved_pcs` leaves none out.
pub unsafe trait SavedPcs: Exports<service::SavedPcs> {
    /// The same each time. Context: any.
    fn preemption() -> PreemptionModel;
    /// Calls `see` for each such place. Takes no lock. Context: in
    /// `stop_machine`'s function.
    fn saved_pcs(see: &mut dyn FnMut(usize)) -> Result<()>;
}

/// Functions that kretprobes may not follow.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Followable: Exports<service::Followable> {
    /// Context: task.
    fn may_follow(function: usize) -> bool;
}

/// bpf_override_return.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Override: Exports<service::Override> {
    /// Whether programs may make the function fail. Context: task.
    fn may_override(function: usize) -> bool;
}

/// Jumps in place of breakpoints.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Detours: Exports<service::Detours> {
    /// Whether a jump may stand over these instructions of one function: nothing
    /// goes on inside of them, and there is no red zone. Context: task.
    fn may_detour(address: usize, size: usize) -> bool;
}

/// What the way out of a breakpoint trap can do.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait TrapStub: Exports<service::TrapStub> {
    /// It sets sp from the frame.
    const SETS_SP: bool;
    /// It leaves a gap below the interrupted sp (x86-64: 8 bytes, else 512).
    const LEAVES_GAP: bool;
}

/// Executable memory: programs are compiled, probes have slots.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait ExecMemory: Exports<service::ExecMemory> {
    /// Each byte less than `reach` away from `near`. Context: task.
    fn exec_alloc(size: usize, near: usize, reach: u64) -> Option<NonNull<u8>>;
    /// Context: task.
    ///
    /// # Safety
    /// `memory` came from `exec_alloc` with the same size.
    unsafe fn exec_free(memory: NonNull<u8>, size: usize);
    /// Writes before anything runs there, through an alias; the other CPUs fetch
    /// it when this has returned. Context: task.
    ///
    /// # Safety
    /// `to` is in memory from `exec_alloc`.
    unsafe fn exec_write(to: *mut u8, bytes: &[u8]) -> Result<()>;
}

/// Kernel memory that may not be there.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Nofault: Exports<service::Nofault> {
    /// False if a byte could not be read. Never sleeps. Context: any.
    fn read_nofault(to: &mut [MaybeUninit<u8>], from: usize) -> bool;
    /// EFAULT if a byte could not be written. Never sleeps. Context: any.
    ///
    /// # Safety
    /// What is there may be written by a program.
    unsafe fn write_nofault(to: usize, from: &[u8]) -> Result<()>;
}

/// Loads of compiled programs that fault and are undone.
///
/// # Safety
/// As [`Platform`]; [`crate::hooks::fix_fault`] is called for faults there.
pub unsafe trait NofaultRanges: Exports<service::NofaultRanges> {
    /// Fills in the first ones, rising and apart; how many. Context: any.
    fn nofault_ranges(ranges: &mut [ebpf_address_range; EBPF_MAX_NOFAULT_RANGES]) -> usize;
}

/// The running task's user memory, without sleeping.
///
/// # Safety
/// As [`Platform`]. Neither touches kernel memory.
pub unsafe trait UserNofault: Exports<service::UserNofault> {
    /// Context: any.
    fn read_user_nofault(to: &mut [MaybeUninit<u8>], from: u64) -> bool;
    /// Context: any.
    fn write_user_nofault(to: u64, from: &[u8]) -> bool;
}

/// Work that is handed to a task.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Defer: Exports<service::Defer> {
    /// Has `(work.run)(work)` called soon in task context; false if that is not
    /// possible. `work` may be handed over again once its `run` was entered.
    /// Wakes no task itself. Context: any.
    ///
    /// # Safety
    /// `work` is not pending, and stays where it is until its `run` is entered.
    unsafe fn defer(work: NonNull<ebpf_deferred>) -> bool;
}

/// The kernel's symbol table.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Symbols: Exports<service::Symbols> {
    /// None where there is none, or several. Context: task.
    fn symbol_by_name(name: &[u8]) -> Option<ebpf_symbol>;
    /// The function that contains `address`. Context: any.
    fn symbol_by_address(address: usize) -> Option<ebpf_symbol>;
    /// All of them, by address; `position` is 0 before the first. Context: task.
    fn symbol_next(position: &mut u64) -> Option<ebpf_symbol>;
    /// As much of the name as fits; how long it is. Context: any.
    fn symbol_name(symbol: &ebpf_symbol, to: &mut [MaybeUninit<u8>]) -> usize;
}

/// The kernel's variables that programs may read.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Variables: Exports<service::Variables> {
    /// Where it is, for ever. Context: task.
    fn variable(name: &[u8]) -> Option<usize>;
    /// Where `cpu` has its own of it. Context: any.
    fn per_cpu_address(address: usize, cpu: u32) -> usize;
}

/// T2: files of ours in the kernel's own table of descriptors, for clients of
/// [`crate::UserClient::for_callers`].
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Files: Exports<service::Files> {
    /// Gives the calling process a descriptor, to be closed by exec. Context:
    /// task.
    fn install(file: File) -> Result<i32>;
    /// What its descriptor stands for, if it is one of ours. Context: task.
    fn get(fd: i32) -> Option<File>;
}

/// T2: memory that processes may map, for a kernel that maps only some.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Mappable: Exports<service::Mappable> {
    /// Zeroed memory, a multiple of 4096 bytes in one piece, whose first byte
    /// stands at a file's offset 0. Context: task.
    fn alloc(size: usize) -> Option<NonNull<u8>>;
    /// Gives it back. No process has it mapped, since who maps it keeps the file.
    ///
    /// # Safety
    /// `memory` came from `alloc` with the same size.
    unsafe fn free(memory: NonNull<u8>, size: usize);
}

/// T2: tasks that wait for something to read.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Wake: Exports<service::Wake> {
    /// Wakes who polls `file`. Context: task.
    fn wake(file: *mut c_void);
}

/// T3: the running task's numbers.
///
/// # Safety
/// As [`Platform`]. Takes no lock, and so do those below.
pub unsafe trait Tasks: Exports<service::Tasks> {
    /// Linux's pid and tgid; 0 where there is no task. Context: any.
    fn task_ids() -> (u32, u32);
}

/// The first of them, faster.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait TaskPid: Exports<service::TaskPid> {
    /// For what asks at each event. Context: any.
    fn task_pid() -> u32;
}

/// Its name.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait TaskNames: Exports<service::TaskNames> {
    /// Writes it to `name`, which is zeros, and leaves one at the end; false
    /// where there is none. Context: any.
    fn task_name(name: &mut [u8]) -> bool;
}

/// Its user and group.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait TaskUsers: Exports<service::TaskUsers> {
    /// Context: any.
    fn task_user() -> (u32, u32);
}

/// Its task_struct in the kernel's BTF.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait TaskView: Exports<service::TaskView> {
    /// Its address, or 0. Context: any.
    fn task_view() -> u64;
}

/// Pid namespaces.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait PidNamespaces: Exports<service::PidNamespaces> {
    /// None if that is not the task's own. Context: any.
    fn task_ids_in(device: u64, inode: u64) -> Option<(u32, u32)>;
}

/// The running task's cgroups, by number.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait TaskCgroups: Exports<service::TaskCgroups> {
    /// At `level` from the root, or (below 0) its own; 0: none. Context: any.
    fn task_cgroup_id(level: i32) -> u64;
}

/// Long work for a task.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait TaskPause: Exports<service::TaskPause> {
    /// Lets others run; whether the task shall stop. Context: task.
    fn task_pause() -> bool;
}

/// Other processes' clients.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait TaskClients: Exports<service::TaskClients> {
    /// [`crate::Client::as_ptr`] of the process's, kept until it is put, or null.
    /// Context: task.
    fn task_client_get(pid: u32) -> *mut c_void;
    /// Context: task.
    ///
    /// # Safety
    /// `client` came from the other.
    unsafe fn task_client_put(client: *mut c_void);
}

/// bpf_send_signal.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Signals: Exports<service::Signals> {
    /// To the running thread or its process. EPERM, EBUSY. Context: any.
    fn send_signal(signal: c_int, whole_process: bool) -> Result<()>;
}

/// What stopping a timer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It was pending.
    Pending,
    /// It was not.
    Idle,
    /// It runs, or is about to.
    Running,
}

/// bpf_timer; with [`Defer`].
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Timers: Exports<service::Timers> {
    /// Has it expire at `deadline_ns` of [`Platform::time_ns`], on this CPU if
    /// `here`. Context: any.
    ///
    /// # Safety
    /// `timer` stays until `timer_stop` says that it may go.
    unsafe fn timer_start(timer: NonNull<ebpf_timer>, deadline_ns: u64, here: bool) -> bool;
    /// Waits for nothing. Context: any.
    ///
    /// # Safety
    /// `timer` is one.
    unsafe fn timer_stop(timer: NonNull<ebpf_timer>) -> Stopped;
}

/// What a timer interrupted.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait InterruptedRegs: Exports<service::InterruptedRegs> {
    /// The registers, and whether they are of user code; they stay until the
    /// timer's function returns. Context: irq.
    fn interrupted_regs() -> Option<(NonNull<crate::frame::PtRegs>, bool)>;
}

/// Linux's CLOCK_TAI.
///
/// # Safety
/// As [`Platform`].
pub unsafe trait TaiClock: Exports<service::TaiClock> {
    /// Takes no lock. Context: any.
    fn time_tai_ns() -> u64;
}

/// Stacks of return addresses.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait Stacks: Exports<service::Stacks> {
    /// Innermost first; how many. `regs`: where to begin, or the caller.
    /// Context: any.
    fn stack_walk(
        regs: Option<&crate::frame::PtRegs>,
        user: bool,
        addresses: &mut [MaybeUninit<u64>],
    ) -> usize;
}

/// Bounds of kernel stacks, each of which has addresses of its own.
///
/// # Safety
/// As [`Tasks`].
pub unsafe trait StackBounds: Exports<service::StackBounds> {
    /// From begin to end, of the stack that `sp` is in. Context: any.
    fn stack_bounds(sp: usize) -> Option<(usize, usize)>;
}

/// Cgroups with programs on devices: the kernel asks
/// [`crate::sys::ebpf_cgroup_device_allowed`].
///
/// # Safety
/// As [`Platform`].
pub unsafe trait Cgroups: Exports<service::Cgroups> {
    /// The group behind the calling process's descriptor, kept; or null.
    /// Context: task.
    fn cgroup_get(fd: c_int) -> *mut c_void;
    /// Context: task.
    ///
    /// # Safety
    /// `group` came from the other.
    unsafe fn cgroup_put(group: *mut c_void);
    /// Whether the running task is in it or below. Context: any.
    ///
    /// # Safety
    /// `group` is one, as in those below.
    unsafe fn task_under_cgroup(group: *const c_void) -> bool;
    /// The one above, or null. Context: any.
    ///
    /// # Safety
    /// As above.
    unsafe fn cgroup_parent(group: *const c_void) -> *mut c_void;
    /// Never 0. Context: any.
    ///
    /// # Safety
    /// As above.
    unsafe fn cgroup_id(group: *const c_void) -> u64;
}
