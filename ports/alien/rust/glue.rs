// SPDX-License-Identifier: MIT
//! Alien's side of ports/alien: the C functions of its kernel.h, and the hooks
//! that the kernel's traps call. A module of the crate `kernel`:
//! ports/alien/README.md tells the line, and the lines that call in here.
//!
//! Paths and signatures are those of Alien at 1e34ef380.

use alloc::sync::Arc;
use core::alloc::Layout;
use core::ffi::{c_char, c_int};
use core::ptr::null;

use constants::{AlienResult, LinuxErrno};
use ebpf::{Clients, Once};
use page_table::addr::{PhysAddr, VirtAddr};
use page_table::pte::MappingFlags;

use crate::ebpf_fill_in as fill_in;
use crate::task::{current_task, do_suspend, ktread_create, Task};
use crate::trap::trap_common_read_file;

mod files;

#[allow(unused_imports)] // the kernel may have new texts shown, and need not
pub use files::show_texts;
pub use files::{bpf, map, perf_event_open};

unsafe extern "C" {
    safe fn ebpf_alien_init() -> c_int;
    fn ebpf_alien_breakpoint(frame: *mut Words<34>) -> bool;
    fn ebpf_alien_kernel_fault(frame: *mut Words<34>) -> bool;
    fn ebpf_alien_tick(frame: *const Words<34>);
    fn ebpf_alien_user_tick(frame: *const Words<40>);
}

// The tables of crate ksym, which the second link fills; nothing of them before.
ebpf::late_symbols!(fn ksyms: ksyms_address, ksyms_names_index, ksyms_names, ksyms_num);

/// A trap frame, whose fields are private in the kernel.
type Words<const N: usize> = [usize; N];

fn words<const N: usize, Frame>(frame: &Frame) -> *mut Words<N> {
    const { assert!(size_of::<Frame>() == size_of::<Words<N>>()) };
    frame as *const Frame as *mut Words<N>
}

/// In `main()`, behind `syscall_table::init_init_array!()`. Context: task.
pub fn init() -> AlienResult<()> {
    if let Some([address, name_index, names, count]) = ksyms() {
        let count = unsafe { *(count as *const usize) };
        let _ = KSYMS.set(|| Ok([address, name_index, names, count]));
    }
    Clients::start_behind(ebpf_alien_init()).map_err(files::error)?;
    show_texts().map_err(|_| LinuxErrno::EINVAL)
}

/// First in `ebreak_handler`, for the KTrapFrame of kernel code; true: return.
#[inline(always)]
pub fn on_breakpoint<Frame>(frame: &mut Frame) -> bool {
    unsafe { ebpf_alien_breakpoint(words(frame)) }
}

/// First in `do_kernel_handle` for each exception but a breakpoint; true: return.
#[inline(always)]
pub fn on_kernel_fault<Frame>(frame: &mut Frame) -> bool {
    unsafe { ebpf_alien_kernel_fault(words(frame)) }
}

/// In `do_kernel_handle`'s arm for the timer, behind what arms it again.
pub fn on_tick<Frame>(frame: &Frame) {
    unsafe { ebpf_alien_tick(words(frame)) }
}

/// The same in `do_user_handle`, with its TrapFrame.
pub fn on_user_tick<Frame>(frame: &Frame) {
    unsafe { ebpf_alien_user_tick(words(frame)) }
}

/// In `do_exit`, before `pre_recycle`: no call that runs on its stack returns.
pub fn on_task_exit(task: &Task) {
    let end = task.kernel_stack.top();
    unsafe { ebpf::hooks::task_exit(end - config::USER_KERNEL_STACK_SIZE, end) }
}

/// kernel.h's numbers of a mapping's flags are page_table's letters.
const FLAGS: [(u32, u8); 7] =
    [(0, b'V'), (1, b'R'), (2, b'W'), (3, b'X'), (4, b'U'), (6, b'A'), (7, b'D')];

fn mapping(bits: u32) -> MappingFlags {
    let mut letters = [0; FLAGS.len()];
    let mut count = 0;
    for (bit, letter) in FLAGS {
        if bits >> bit & 1 != 0 {
            letters[count] = letter;
            count += 1;
        }
    }
    core::str::from_utf8(&letters[..count]).unwrap_or("").into()
}

fn bits_of(flags: MappingFlags) -> u32 {
    const COPY_ON_WRITE: u32 = 1 << 8;
    let bits = FLAGS.iter().filter(|(bit, _)| flags.contains(mapping(1 << bit)));
    let shared = flags.contains(MappingFlags::RSD);
    bits.map(|(bit, _)| 1 << bit).sum::<u32>() + u32::from(shared) * COPY_ON_WRITE
}

fn query(va: usize) -> Option<(usize, u32)> {
    let inner = current_task()?.access_inner();
    let (pa, flags, _) = inner.address_space.lock().query(VirtAddr::from(va)).ok()?;
    Some((pa.as_usize(), bits_of(flags)))
}

fn page_in(task: &Arc<Task>, va: usize, store: bool) -> AlienResult<()> {
    let mut inner = task.access_inner();
    let loaded =
        if store { inner.do_store_page_fault(va)? } else { inner.do_load_page_fault(va)? };
    drop(inner);
    if let Some((Some(file), page, offset)) = loaded {
        trap_common_read_file(file, page, offset);
    }
    Ok(())
}

/// The worker's C function. Alien's threads take none with an argument.
static WORKER: Once<extern "C" fn()> = Once::new();

fn worker() {
    if let Some(function) = WORKER.get() {
        function()
    }
}

/// kernel.h's `struct alien_ksyms_table`.
static KSYMS: Once<[usize; 4]> = Once::new();

// The contract's: core/platform says what each is.
ebpf::export_port_functions_of_rust!(ebpf_port_panic);
ebpf::export_port_functions! {
    fn ebpf_port_cpu_count() -> u32 { config::CPU_NUM as u32 }
    fn ebpf_port_log(text: *const u8, size: usize) {
        let text = core::slice::from_raw_parts(text, size);
        platform::console::console_write(core::str::from_utf8(text).unwrap_or("?\n"))
    }
    fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32) {
        // The kernel's tid and pid are Linux's pid and tgid.
        let ids = current_task().map(|task| (task.tid.0 as u32, task.pid as u32));
        (*pid, *tgid) = ids.unwrap_or_default();
    }
    fn ebpf_port_task_pid() -> u32 { current_task().map_or(0, |task| task.tid.0 as u32) }
    fn ebpf_port_task_comm(name: *mut u8, size: usize) -> bool {
        let inner = current_task().and_then(|task| task.inner.try_lock());
        inner.is_some_and(|inner| ebpf::name_to_c(&inner.name, name, size))
    }
    fn ebpf_port_stack_bounds(sp: usize, begin: *mut usize, end: *mut usize) -> bool {
        // Not the one that it boots and schedules on.
        *end = current_task().map_or(0, |task| task.kernel_stack.top());
        *begin = (*end).saturating_sub(config::USER_KERNEL_STACK_SIZE);
        (*begin..*end).contains(&sp)
    }
    fn ebpf_port_may_override(function: usize) -> bool { fill_in::may_fail(function) }
}

// In the order of kernel.h, which says what each is.
ebpf::export_functions! {
    fn alien_alloc(size: usize, align: usize) -> *mut u8 {
        alloc::alloc::alloc(Layout::from_size_align_unchecked(size, align))
    }
    fn alien_dealloc(memory: *mut u8, size: usize, align: usize) {
        alloc::alloc::dealloc(memory, Layout::from_size_align_unchecked(size, align))
    }
    fn alien_alloc_kernel_free_region(size: usize) -> usize {
        mem::alloc_kernel_free_region(size)
    }
    fn alien_map_region(va: usize, pa: usize, size: usize, flags: u32) -> bool {
        let (va, pa) = (VirtAddr::from(va), PhysAddr::from(pa));
        mem::kernel_space().lock().map_region(va, pa, size, mapping(flags), false).is_ok()
    }
    fn alien_unmap_region(va: usize, size: usize) -> bool {
        mem::kernel_space().lock().unmap_region(VirtAddr::from(va), size).is_ok()
    }
    fn alien_timer_frequency() -> u64 { fill_in::timer_frequency() }
    fn alien_kthread_create(function: extern "C" fn(), name: *const c_char) -> bool {
        // The port has one.
        let first = WORKER.set(|| Ok(function));
        first.is_ok() && ktread_create(worker, ebpf::text_of_c(name)).is_ok()
    }
    fn alien_do_suspend() { do_suspend(); }
    fn alien_user_query(va: usize, pa: *mut usize, flags: *mut u32) -> bool {
        query(va).map(|page| (*pa, *flags) = page).is_some()
    }
    fn alien_user_page_fault(va: usize, store: bool) -> bool {
        current_task().is_some_and(|task| page_in(task, va, store).is_ok())
    }
    fn alien_ksyms() -> *const [usize; 4] { KSYMS.get().map_or(null(), |table| table) }
}
