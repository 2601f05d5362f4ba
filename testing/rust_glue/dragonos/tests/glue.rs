// SPDX-License-Identifier: MIT
//! ports/dragonos/rust in a kernel of stubs, with core itself below.

extern crate alloc;

#[path = "../../host/mod.rs"]
mod host;
#[path = "glue/mappings.rs"]
mod mappings;

use std::ffi::{c_char, c_int, c_void};
use std::process::ExitCode;
use std::sync::Arc;

use dragonos::arch::interrupt::TrapFrame;
use dragonos::ebpf_glue as glue;
use dragonos::filesystem::epoll::EPollItem;
use dragonos::filesystem::kernfs::{self, callback::KernCallbackData};
use dragonos::filesystem::vfs::file::{File, FileDescriptorTable, FileFlags, MOST};
use dragonos::filesystem::vfs::{FilePrivateData, FileType, IndexNode};
use dragonos::libs::mutex::MutexGuard;
use dragonos::mm::{VirtAddr, DIRECT_MAP};
use dragonos::process::{self, ProcessManager};
use host::{common, settled, UserMemory};
use system_error::SystemError;

/// The port's C++, which notes what reaches it.
mod port {
    use super::*;
    use calls::called;

    #[no_mangle]
    extern "C" fn ebpf_dragonos_init() -> c_int {
        host::init()
    }
    #[no_mangle]
    extern "C" fn ebpf_dragonos_fault(frame: &mut TrapFrame) -> bool {
        frame.rip += 1;
        frame.rip == 8
    }
    #[no_mangle]
    extern "C" fn ebpf_dragonos_interrupted(frame: &TrapFrame) -> usize {
        called!("interrupted at {}", frame.rip);
        77
    }
    #[no_mangle]
    extern "C" fn ebpf_dragonos_resume(interruption: usize) {
        called!("resumed {interruption}");
    }
    #[no_mangle]
    extern "C" fn ebpf_dragonos_ipi(frame: &mut TrapFrame) {
        called!("ipi at {}", frame.rip);
    }
    #[no_mangle]
    extern "C" fn ebpf_dragonos_tick(frame: &TrapFrame) {
        called!("tick at {}", frame.rip);
    }
    #[no_mangle]
    extern "C" fn ebpf_dragonos_softirq() {
        called!("softirq");
    }
    #[no_mangle]
    static _text: u8 = 0;
    #[no_mangle]
    static _etext: u8 = 0;
}

/// As kernel.h has them.
#[repr(C)]
#[derive(Debug, PartialEq)]
struct Range {
    begin: usize,
    end: usize,
}

extern "C" {
    static __start_ebpf_noprobe: u8;
    static __stop_ebpf_noprobe: u8;
    #[link_name = "glue_ebpf_port_alloc"]
    fn ebpf_port_alloc(size: usize, align: usize) -> *mut u8;
    #[link_name = "glue_ebpf_port_free"]
    fn ebpf_port_free(memory: *mut u8, size: usize, align: usize);
    fn dragonos_pages_alloc(count: usize) -> *mut u8;
    fn dragonos_pages_free(pages: *mut u8, count: usize);
    fn dragonos_pages_protect(pages: *mut u8, count: usize, write: bool, execute: bool) -> c_int;
    fn dragonos_window(count: usize) -> *mut u8;
    fn dragonos_direct_map() -> usize;
    #[link_name = "glue_ebpf_port_cpu_id"]
    fn ebpf_port_cpu_id() -> u32;
    #[link_name = "glue_ebpf_port_cpu_count"]
    fn ebpf_port_cpu_count() -> u32;
    fn dragonos_cpu_online(cpu: u32) -> bool;
    fn dragonos_preempt_disable();
    fn dragonos_preempt_enable();
    fn dragonos_preempt_counter() -> usize;
    fn dragonos_may_rendezvous() -> bool;
    fn dragonos_send_ipi(cpu: u32);
    fn dragonos_monotonic_ns() -> u64;
    fn dragonos_cycles() -> u64;
    #[link_name = "glue_ebpf_port_random"]
    fn ebpf_port_random() -> u64;
    fn dragonos_log(text: *const u8, size: usize);
    #[link_name = "glue_ebpf_port_copy_from_user"]
    fn ebpf_port_copy_from_user(to: *mut u8, from: u64, size: usize) -> bool;
    #[link_name = "glue_ebpf_port_copy_to_user"]
    fn ebpf_port_copy_to_user(to: u64, from: *const u8, size: usize) -> bool;
    #[link_name = "glue_ebpf_port_capable"]
    fn ebpf_port_capable(number: c_int) -> bool;
    fn dragonos_kthread(
        name: *const c_char, body: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void,
    ) -> bool;
    fn dragonos_raise_softirq();
    fn dragonos_worker_sleep();
    fn dragonos_worker_wake();
    fn dragonos_symbols(data: *mut *const c_void, size: *mut usize);
    fn dragonos_text() -> Range;
    fn dragonos_no_probe(index: usize) -> Range;
    fn dragonos_odd_place(index: usize) -> Range;
    #[link_name = "glue_ebpf_port_may_override"]
    fn ebpf_port_may_override(function: usize) -> bool;
    #[link_name = "glue_ebpf_port_task_ids"]
    fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32);
    #[link_name = "glue_ebpf_port_task_pid"]
    fn ebpf_port_task_pid() -> u32;
    #[link_name = "glue_ebpf_port_task_comm"]
    fn ebpf_port_task_comm(name: *mut u8, size: usize) -> bool;
}

fn frame_at(rip: u64) -> TrapFrame {
    TrapFrame { rip, ..TrapFrame::default() }
}

mod services {
    use super::*;

    pub fn memory_is_given_with_the_layout_that_it_came_with() {
        unsafe {
            let memory = ebpf_port_alloc(24, 64);
            assert_eq!(memory as usize % 64, 0);
            ebpf_port_free(memory, 24, 64);
        }
    }

    pub fn pages_come_from_the_direct_map_and_go_back() {
        calls::take();
        unsafe {
            let pages = dragonos_pages_alloc(4);
            assert_eq!(pages as usize, DIRECT_MAP + 0x10_0000);
            assert_eq!(dragonos_direct_map(), DIRECT_MAP);
            dragonos_pages_free(pages, 4);
            assert!(dragonos_pages_alloc(128).is_null());
        }
        let noted = calls::take();
        assert_eq!(noted[..2], ["allocate_page_frames 4", "deallocate_page_frames 0x100000 4"]);
    }

    pub fn each_page_is_remapped_pinned_and_then_flushed_everywhere() {
        calls::take();
        let pages = 0x1000 as *mut u8;
        assert_eq!(unsafe { dragonos_pages_protect(pages, 2, false, true) }, 0);
        let wanted = [
            "pinned",
            "remap 0x1000 false true",
            "remap 0x2000 false true",
            "unpinned",
            "flush 0x1000 0x3000 false",
        ];
        assert_eq!(calls::take(), wanted);
        let nowhere = std::ptr::null_mut();
        assert_eq!(unsafe { dragonos_pages_protect(nowhere, 1, true, false) }, -14);
        assert!(!calls::take().iter().any(|call| call.starts_with("flush")));
    }

    pub fn a_window_is_mapped_once_and_stays() {
        calls::take();
        let window = unsafe { dragonos_window(17) };
        assert_eq!(window as usize, 0xffff_a100_0000_0000);
        assert_eq!(calls::take(), ["create_mmio 69632", "map 0x0 69632 false"]);
    }

    pub fn cpus_clocks_and_words_are_the_kernels() {
        calls::take();
        unsafe {
            assert_eq!((ebpf_port_cpu_id(), ebpf_port_cpu_count()), (1, 2));
            assert!(dragonos_cpu_online(1) && !dragonos_cpu_online(2));
            dragonos_preempt_disable();
            dragonos_preempt_enable();
            assert!(dragonos_may_rendezvous());
            dragonos_send_ipi(1);
            assert_eq!(dragonos_monotonic_ns(), 7_000_000_005);
            assert_eq!(dragonos_cycles(), 1234);
            assert_eq!(ebpf_port_random(), 0x0909_0909_0909_0909);
            dragonos_log(b"ebpf: hello\n".as_ptr(), 12);
        }
        let wanted = ["preempt_disable", "preempt_enable", "send_ipi 205 to 1", "ebpf: hello"];
        assert_eq!(calls::take(), wanted);
    }

    pub fn no_probe_stands_on_what_a_breakpoint_asks() {
        let noprobe = &raw const __start_ebpf_noprobe..&raw const __stop_ebpf_noprobe;
        assert!(noprobe.contains(&(ebpf_port_cpu_id as *const u8)));
        assert!(!noprobe.contains(&(ebpf_port_cpu_count as *const u8)));
    }

    pub fn a_callers_memory_and_rights_are_asked_for() {
        calls::take();
        let (mut to, from) = ([0u8; 8], [5u8; 8]);
        unsafe {
            assert!(ebpf_port_copy_from_user(to.as_mut_ptr(), from.as_ptr() as u64, 8));
            assert_eq!(to, from);
            assert!(!ebpf_port_copy_from_user(to.as_mut_ptr(), 8, 8));
            assert!(ebpf_port_copy_from_user(std::ptr::null_mut(), 8, 0));
            assert!(ebpf_port_copy_to_user(to.as_mut_ptr() as u64, [6; 8].as_ptr(), 8));
            assert_eq!(to, [6; 8]);
            assert!(!ebpf_port_copy_to_user(0, [6; 8].as_ptr(), 8));
            assert!(ebpf_port_copy_to_user(0, std::ptr::null(), 0));
            for number in [21, 38, 39, 34] {
                assert!(ebpf_port_capable(number));
            }
        }
        let asked = ["CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF", "CAP_SYS_ADMIN"];
        assert_eq!(calls::take(), asked.map(|name| format!("capable {name}")));
    }

    extern "C" fn body(argument: *mut c_void) -> c_int {
        argument as c_int + 1
    }

    pub fn the_worker_is_a_thread_that_sleeps_until_it_is_woken() {
        process::start(Some(Arc::default()));
        calls::take();
        unsafe {
            assert!(dragonos_kthread(c"ebpf".as_ptr(), body, 6 as *mut c_void));
            dragonos_raise_softirq();
            dragonos_worker_sleep();
            dragonos_worker_wake();
            dragonos_worker_sleep();
            dragonos_worker_sleep();
        }
        let wanted = [
            "thread ebpf returned 7",
            "raise_softirq EBPF",
            "wait false",
            "wake_all",
            "wait true",
            "wait false",
        ];
        assert_eq!(calls::take(), wanted);
        process::start(None);
    }

    pub fn what_nobody_has_filled_in_refuses() {
        let nothing = Range { begin: 0, end: 0 };
        unsafe {
            let text = dragonos_text();
            assert_eq!(dragonos_no_probe(0), text);
            assert_eq!(dragonos_no_probe(1), nothing);
            assert_eq!(dragonos_odd_place(0), text);
            assert_eq!(dragonos_odd_place(1), nothing);
            assert!(!ebpf_port_may_override(text.begin));
            assert_eq!(dragonos_preempt_counter(), 0);
            assert!(!ebpf_port_task_comm([0; 16].as_mut_ptr(), 16));
            let (mut data, mut size) = (std::ptr::null(), 1);
            dragonos_symbols(&mut data, &mut size);
            assert_eq!((data, size), (std::ptr::null(), 0));
        }
    }

    pub fn tasks_have_numbers_once_there_are_some() {
        let ids = || unsafe {
            let (mut pid, mut tgid) = (1, 1);
            ebpf_port_task_ids(&mut pid, &mut tgid);
            (pid, tgid, ebpf_port_task_pid())
        };
        assert_eq!(ids(), (0, 0, 0));
        process::start(Some(Arc::default()));
        assert_eq!(ids(), (42, 40, 42));
        process::start(None);
    }
}

mod hooks {
    use super::*;

    pub fn faults_go_to_the_port_and_come_back_changed() {
        let mut frame = frame_at(6);
        assert!(!glue::on_fault(&mut frame));
        assert!(glue::on_fault(&mut frame));
    }

    pub fn an_interruption_lasts_as_long_as_its_value() {
        calls::take();
        {
            let _interruption = glue::Interruption::of(&frame_at(5));
            assert_eq!(calls::take(), ["interrupted at 5"]);
        }
        assert_eq!(calls::take(), ["resumed 77"]);
    }

    pub fn ipis_ticks_and_ends_of_stacks_are_told() {
        calls::take();
        glue::on_ipi(&mut frame_at(3));
        glue::on_tick(&frame_at(4));
        glue::on_stack_end(VirtAddr::new(0x8000), 0x8000);
        assert_eq!(calls::take(), ["ipi at 3", "tick at 4"]);
    }
}

mod files {
    use super::*;

    pub fn with_process(test: impl FnOnce(&Arc<FileDescriptorTable>, &UserMemory)) {
        let before = settled();
        let table = Arc::<FileDescriptorTable>::default();
        process::start(Some(table.clone()));
        test(&table, &UserMemory::new());
        process::start(None);
        drop(table);
        assert_eq!(settled(), before, "a reference is left, or one too few was");
    }

    pub fn close(table: &FileDescriptorTable, fd: usize) {
        table.write().drop_fd(fd as i32).unwrap().finish_close();
    }

    fn inode(table: &FileDescriptorTable, fd: usize) -> Arc<dyn IndexNode> {
        table.read().get_file_by_fd(fd as i32).unwrap().inode()
    }

    const EBADF: usize = -9isize as usize;

    pub fn a_map_is_made_used_and_closed() {
        with_process(|table, memory| {
            let map = glue::bpf(&memory.array(0)).unwrap();
            assert_eq!(map, 3);
            assert_eq!(glue::bpf(&memory.update(map, 7)), Ok(0));
            assert_eq!(glue::bpf(&memory.update(map + 1, 7)), Ok(EBADF));
            close(table, map);
            assert_eq!(glue::bpf(&memory.update(map, 7)), Ok(EBADF));
        });
    }

    pub fn a_child_has_its_parents_descriptors() {
        with_process(|table, memory| {
            let map = glue::bpf(&memory.array(0)).unwrap();
            process::start(Some(Arc::new(table.copy())));
            close(table, map);
            assert_eq!(glue::bpf(&memory.update(map, 7)), Ok(0));
        });
    }

    pub fn a_full_table_refuses_and_keeps_nothing() {
        with_process(|_, memory| {
            for fd in 3..MOST as usize {
                assert_eq!(glue::bpf(&memory.array(0)), Ok(fd));
            }
            assert_eq!(glue::bpf(&memory.array(0)), Ok(-24isize as usize));
        });
    }

    extern "C" fn close_fd(fd: c_int) -> c_int {
        let table = ProcessManager::current_pcb().fd_table();
        let dropped = table.write().drop_fd(fd);
        dropped.map_or(-9, |file| {
            file.finish_close();
            0
        })
    }

    extern "C" fn duplicate_fd(fd: c_int) -> c_int {
        let table = ProcessManager::current_pcb().fd_table();
        table.write().duplicate(fd).unwrap_or(-9)
    }

    extern "C" fn open_own() -> c_int {
        let table = ProcessManager::current_pcb().fd_table();
        let file = File::new(kernfs::root(), FileFlags::O_RDWR).unwrap();
        table.write().alloc_fd(file, None, true).unwrap_or(-24)
    }

    pub fn the_table_is_as_core_wants_it() {
        with_process(|_, _| {
            host::expect_files_of(host::Table { close_fd, duplicate_fd, open_own })
        });
    }

    pub fn an_event_is_opened_read_polled_and_told() {
        with_process(|table, memory| {
            let attr = memory.output_event();
            let minus_one = -1isize as usize;
            let event = glue::perf_event_open(&[attr, 0, minus_one, minus_one, 8]).unwrap();
            let map = glue::bpf(&memory.array(0)).unwrap();
            let inode = inode(table, event);
            let mut private = FilePrivateData;
            let mut count = [1; 8];
            let read = inode.read_at(0, 8, &mut count, MutexGuard(&mut private));
            assert_eq!((read, count), (Ok(8), [0; 8]));
            let longer = inode.read_at(0, 9, &mut count, MutexGuard(&mut private));
            assert_eq!(longer, Err(SystemError::EINVAL));
            let written = inode.write_at(0, 8, &count, MutexGuard(&mut private));
            assert_eq!(written, Err(SystemError::EINVAL));
            let mut ioctl =
                |command, argument| inode.ioctl(command, argument, MutexGuard(&mut private));
            const ENABLE: u32 = 0x2400;
            const SET_BPF: u32 = 0x4004_2408;
            assert_eq!(ioctl(ENABLE, 0), Ok(0));
            // A map is no program, 15 is nothing.
            assert_eq!(ioctl(SET_BPF, map), Ok(-22isize as usize));
            assert_eq!(ioctl(SET_BPF, 15), Ok(EBADF));
            let pollable = inode.as_pollable_inode().unwrap();
            assert!(pollable.poll(&private).is_ok());
            let item = Arc::new(EPollItem);
            pollable.add_epitem(item.clone(), &private).unwrap();
            pollable.remove_epitem(&item, &private).unwrap();
            let metadata = inode.metadata().unwrap();
            assert_eq!((metadata.mode.0, metadata.file_type), (0o600, FileType::File));
            assert_eq!(inode.absolute_path().unwrap(), "anon_inode:[perf_event]");
            assert!(inode.is_stream());
            let fs = inode.fs();
            assert_eq!(fs.name(), "anon_inodefs");
            assert!(fs.root_inode().as_any_ref().is::<kernfs::KernFSInode>());
            assert!(fs.page_cache_writeback_domain().is_none() && inode.page_cache().is_none());
            let (_info, _super_block) = (fs.info(), fs.super_block());
            assert!(format!("{inode:?} {fs:?}").contains("Shown"));
            drop(inode);
            close(table, event);
        });
    }

    fn text(path: &str) -> &'static dyn kernfs::callback::KernFSCallback {
        kernfs::root().find(path).expect(path).callback()
    }

    pub fn tracefs_is_below_debugfs() {
        let pipe = text("tracing/trace_pipe");
        let mut line = [0; 256];
        assert_eq!(pipe.read(KernCallbackData, &mut line, 0), Ok(0));
        let marker = text("tracing/trace_marker");
        marker.open(KernCallbackData).unwrap();
        assert_eq!(marker.write(KernCallbackData, b"hello\n", 0), Ok(6));
        assert_eq!(marker.write(KernCallbackData, b"\xff", 0), Err(SystemError::EINVAL));
        let size = pipe.read(KernCallbackData, &mut line, 4096).unwrap();
        let line = std::str::from_utf8(&line[..size]).unwrap();
        assert!(line.ends_with("tracing_mark_write: hello\n"), "{line}");
        let events = text("tracing/kprobe_events");
        let refused = events.write(KernCallbackData, b"p:x nonsense\n", 0);
        assert_eq!(refused, Err(SystemError::EINVAL));
        assert_eq!(events.write(KernCallbackData, b"\n", 0), Ok(1));
        assert!(kernfs::root().find("tracing/events/ftrace/print/format").is_some());
    }

    pub fn what_is_made_later_is_shown_and_what_is_shown_stays() {
        let event = "tracing/events/kprobes/later/id";
        assert!(kernfs::root().find(event).is_none());
        let events = text("tracing/kprobe_events");
        let probed = host::Function::new(c"glue_probed");
        assert_eq!(events.write(KernCallbackData, b"p:later glue_probed\n", 0), Ok(20));
        let mut id = [0; 16];
        assert!(text(event).read(KernCallbackData, &mut id, 0).unwrap() > 1);
        assert_eq!(events.write(KernCallbackData, b"-:later\n", 0), Ok(8));
        assert_eq!(text(event).read(KernCallbackData, &mut id, 0), Err(SystemError::ENOENT));
        drop(probed);
        assert_eq!(glue::show_texts(), Ok(()));
        assert!(kernfs::root().find("kprobes/list").is_some());
    }
}

mod start {
    use super::*;

    pub fn nothing_is_there_before() {
        assert_eq!(glue::bpf(&[0; 3]), Ok(-38isize as usize)); // ENOSYS
    }

    pub fn the_softirq_is_the_ports() {
        calls::take();
        assert_eq!(glue::init(), Ok(()));
        assert_eq!(calls::take(), ["register_softirq EBPF Softirq", "softirq"]);
    }

    pub fn what_the_port_refuses_is_refused() {
        assert_eq!(glue::init(), Err(SystemError::EINVAL)); // EEXIST: it runs
    }
}

/// In this order: the kernel starts once.
const TESTS: &[common::Test] = tests! {
    start:
        nothing_is_there_before,
        the_softirq_is_the_ports,
        what_the_port_refuses_is_refused;
    services:
        memory_is_given_with_the_layout_that_it_came_with,
        pages_come_from_the_direct_map_and_go_back,
        each_page_is_remapped_pinned_and_then_flushed_everywhere,
        a_window_is_mapped_once_and_stays,
        cpus_clocks_and_words_are_the_kernels,
        no_probe_stands_on_what_a_breakpoint_asks,
        a_callers_memory_and_rights_are_asked_for,
        the_worker_is_a_thread_that_sleeps_until_it_is_woken,
        what_nobody_has_filled_in_refuses,
        tasks_have_numbers_once_there_are_some;
    hooks:
        faults_go_to_the_port_and_come_back_changed,
        an_interruption_lasts_as_long_as_its_value,
        ipis_ticks_and_ends_of_stacks_are_told;
    files:
        a_map_is_made_used_and_closed,
        a_child_has_its_parents_descriptors,
        a_full_table_refuses_and_keeps_nothing,
        the_table_is_as_core_wants_it,
        an_event_is_opened_read_polled_and_told,
        tracefs_is_below_debugfs,
        what_is_made_later_is_shown_and_what_is_shown_stays;
    mappings:
        an_array_is_one_memory_for_the_kernel_and_each_process,
        a_mapping_outlives_its_descriptor_and_keeps_the_memory,
        an_events_buffer_is_read_as_libbpf_and_aya_read_it,
        a_rings_records_never_need_the_second_copy_of_its_data,
        a_ring_is_mapped_where_the_mapping_stays_as_it_is,
        files_of_the_kernels_own_are_mapped_as_they_were,
        a_ring_that_processes_write_has_its_data_once,
        what_cannot_be_mapped_is_refused_as_linux_does,
        files_that_are_gone_leave_nothing_on_the_heap,
        without_pages_there_is_no_map_and_nothing_is_left;
};

fn main() -> ExitCode {
    common::run("rust_glue.dragonos", TESTS)
}
