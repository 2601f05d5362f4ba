// SPDX-License-Identifier: MIT
//! ports/alien/rust in a kernel of stubs, with core itself below.

#[path = "../../../host/mod.rs"]
mod host;

use std::ffi::{c_char, c_int};
use std::process::ExitCode;
use std::sync::Arc;

use calls::called;
use constants::io::PollEvents;
use constants::LinuxErrno;
use host::{common, settled, UserMemory};
use kernel::ebpf_glue as glue;
use kernel::task::{current_task, switch_to, Disk, Task, MOST_FILES};
use page_table::addr::{PhysAddr, VirtAddr};
use page_table::pte::MappingFlags;
use page_table::PagingResult;
use vfs::sys::SysFsDirInodeImpl;
use vfscore::error::VfsError;
use vfscore::inode::VfsInode;
use vfscore::utils::{VfsNodeType, VfsPollEvents};

extern crate alloc;

/// kernel.h's `struct alien_ktrap_frame`, and `alien_trap_frame`.
#[repr(C)]
struct KTrapFrame([usize; 34]);
#[repr(C)]
struct TrapFrame([usize; 40]);

/// The port's C++, which notes what reaches it.
mod port {
    use super::*;

    #[no_mangle]
    extern "C" fn ebpf_alien_init() -> c_int {
        host::init()
    }
    #[no_mangle]
    extern "C" fn ebpf_alien_breakpoint(frame: &mut KTrapFrame) -> bool {
        frame.0[33] += 4;
        frame.0[33] == 0x1004
    }
    #[no_mangle]
    extern "C" fn ebpf_alien_kernel_fault(frame: &mut KTrapFrame) -> bool {
        frame.0[33] += 8;
        true
    }
    #[no_mangle]
    extern "C" fn ebpf_alien_tick(frame: &KTrapFrame) {
        called!("tick at {:#x}", frame.0[33]);
    }
    #[no_mangle]
    extern "C" fn ebpf_alien_user_tick(frame: &TrapFrame) {
        called!("user tick at {:#x}", frame.0[32]);
    }
    // What the second link gives.
    #[no_mangle]
    static ksyms_address: [u64; 2] = [0x8020_0000, 0x8020_0010];
    #[no_mangle]
    static ksyms_names_index: [u64; 2] = [0, 4];
    #[no_mangle]
    static ksyms_names: [u8; 8] = *b"one\0two\0";
    #[no_mangle]
    static ksyms_num: u64 = 2;
}

#[repr(C)]
struct Ksyms {
    address: *const u64,
    name_index: *const u64,
    names: *const c_char,
    count: u64,
}

extern "C" {
    fn alien_alloc(size: usize, align: usize) -> *mut u8;
    fn alien_dealloc(memory: *mut u8, size: usize, align: usize);
    fn alien_alloc_kernel_free_region(size: usize) -> usize;
    fn alien_map_region(va: usize, pa: usize, size: usize, flags: u32) -> bool;
    fn alien_unmap_region(va: usize, size: usize) -> bool;
    fn alien_timer_frequency() -> u64;
    fn alien_kthread_create(function: extern "C" fn(), name: *const c_char) -> bool;
    fn alien_do_suspend();
    fn alien_user_query(va: usize, pa: *mut usize, flags: *mut u32) -> bool;
    fn alien_user_page_fault(va: usize, store: bool) -> bool;
    fn alien_ksyms() -> *const Ksyms;
    #[link_name = "glue_ebpf_port_cpu_count"]
    fn ebpf_port_cpu_count() -> u32;
    #[link_name = "glue_ebpf_port_log"]
    fn ebpf_port_log(text: *const u8, size: usize);
    #[link_name = "glue_ebpf_port_task_ids"]
    fn ebpf_port_task_ids(pid: *mut u32, tgid: *mut u32);
    #[link_name = "glue_ebpf_port_task_pid"]
    fn ebpf_port_task_pid() -> u32;
    #[link_name = "glue_ebpf_port_task_comm"]
    fn ebpf_port_task_comm(name: *mut u8, size: usize) -> bool;
    #[link_name = "glue_ebpf_port_stack_bounds"]
    fn ebpf_port_stack_bounds(sp: usize, begin: *mut usize, end: *mut usize) -> bool;
    #[link_name = "glue_ebpf_port_may_override"]
    fn ebpf_port_may_override(function: usize) -> bool;
}

mod services {
    use super::*;

    pub fn memory_is_given_with_the_layout_that_it_came_with() {
        unsafe {
            let memory = alien_alloc(24, 4096);
            assert_eq!(memory as usize % 4096, 0);
            alien_dealloc(memory, 24, 4096);
        }
    }

    pub fn regions_are_mapped_with_the_flags_of_their_letters() {
        calls::take();
        unsafe {
            assert_eq!(alien_alloc_kernel_free_region(8192), 0x9000_0000);
            // Valid, read, write, accessed, dirty; and executed in place of written.
            assert!(alien_map_region(0x1000, 0x2000, 4096, 0b1100_0111));
            assert!(!alien_map_region(0, 0x2000, 4096, 0b1100_0111));
            assert!(alien_map_region(0x3000, 0x2000, 8192, 0b1100_1011));
            assert!(alien_unmap_region(0x3000, 8192));
        }
        let wanted = [
            "region of 8192",
            "map 0x1000 to 0x2000 4096 VRWAD false",
            "map 0x0 to 0x2000 4096 VRWAD false",
            "map 0x3000 to 0x2000 8192 VRXAD false",
            "unmap 0x3000 8192",
        ];
        assert_eq!(calls::take(), wanted);
    }

    pub fn clocks_and_words_are_the_kernels() {
        calls::take();
        unsafe {
            assert_eq!(ebpf_port_cpu_count(), 1);
            assert_eq!(alien_timer_frequency(), 12_500_000);
            ebpf_port_log(b"ebpf: hello\n".as_ptr(), 12);
            ebpf_port_log([0xff].as_ptr(), 1);
            alien_do_suspend();
            assert!(!ebpf_port_may_override(0));
        }
        assert_eq!(calls::take(), ["console ebpf: hello", "console ?", "do_suspend"]);
    }

    pub fn the_current_task_is_told_without_a_lock_that_is_taken() {
        let ids = || unsafe {
            let (mut pid, mut tgid) = (1, 1);
            ebpf_port_task_ids(&mut pid, &mut tgid);
            (pid, tgid, ebpf_port_task_pid())
        };
        let bounds_at = |sp| unsafe {
            let (mut begin, mut end) = (0, 0);
            ebpf_port_stack_bounds(sp, &mut begin, &mut end).then_some((begin, end))
        };
        let mut name = [b'-'; 4];
        let mut tell_name = |size| unsafe {
            name.fill(b'-');
            ebpf_port_task_comm(name.as_mut_ptr(), size).then_some(name)
        };
        assert_eq!(ids(), (0, 0, 0));
        assert_eq!(tell_name(4), None);
        assert_eq!(bounds_at(0), None);
        let task = switch_to(Some(Task::new())).unwrap();
        assert_eq!(ids(), (42, 40, 42));
        let stack = Some((0x8100_0000, 0x8100_2000));
        assert_eq!((bounds_at(0x8100_0000), bounds_at(0x8100_1fff)), (stack, stack));
        assert_eq!((bounds_at(0x80ff_ffff), bounds_at(0x8100_2000)), (None, None));
        assert_eq!(tell_name(4), Some(*b"stu\0"));
        assert_eq!(tell_name(2), Some(*b"s\0--"));
        assert_eq!((tell_name(1), tell_name(0)), (Some(*b"\0---"), None));
        let _probed = task.access_inner();
        assert_eq!(tell_name(4), None);
        switch_to(None);
    }

    pub fn a_processs_pages_are_looked_up_and_brought_in() {
        let (mut pa, mut flags) = (0, 0);
        unsafe {
            assert!(!alien_user_query(0x1000, &mut pa, &mut flags));
            assert!(!alien_user_page_fault(0x1000, false));
            let task = switch_to(Some(Task::new())).unwrap();
            assert!(!alien_user_query(0x1000, &mut pa, &mut flags));
            let shared = MappingFlags::from("VRUA").and(MappingFlags::RSD);
            let page = Some((PhysAddr::from(0x8765_4000), shared));
            task.access_inner().address_space.lock().0 = page;
            assert!(alien_user_query(0x1000, &mut pa, &mut flags));
            assert_eq!((pa, flags), (0x8765_4000, 0b1_0101_0011));
            calls::take();
            assert!(alien_user_page_fault(0x1000, false));
            assert!(alien_user_page_fault(0x2000, false));
            assert!(alien_user_page_fault(0x2000, true));
            assert!(!alien_user_page_fault(0, false));
        }
        let wanted =
            ["load 0x1000", "load 0x2000", "read Disk 4096 at 512", "store 0x2000", "load 0x0"];
        assert_eq!(calls::take(), wanted);
        switch_to(None);
    }

    extern "C" fn work() {
        called!("work");
    }

    pub fn there_is_one_worker() {
        calls::take();
        unsafe {
            assert!(alien_kthread_create(work, c"ebpf_defer".as_ptr()));
            assert!(!alien_kthread_create(work, c"another".as_ptr()));
        }
        assert_eq!(calls::take(), ["ktread_create ebpf_defer", "work"]);
    }

    pub fn symbols_are_those_of_the_second_link() {
        let table = unsafe { &*alien_ksyms() };
        assert_eq!(table.count, 2, "the number, not where it is");
        unsafe {
            assert_eq!(*table.address.add(1), 0x8020_0010);
            let second = table.names.add(*table.name_index.add(1) as usize);
            assert_eq!(std::ffi::CStr::from_ptr(second), c"two");
        }
    }
}

mod hooks {
    use super::*;

    pub fn breakpoints_and_faults_come_back_changed() {
        let mut frame = KTrapFrame([0; 34]);
        frame.0[33] = 0x1000;
        assert!(glue::on_breakpoint(&mut frame));
        assert!(!glue::on_breakpoint(&mut frame));
        assert!(glue::on_kernel_fault(&mut frame));
        assert_eq!(frame.0[33], 0x1010);
    }

    pub fn ticks_and_ends_of_tasks_are_told() {
        calls::take();
        let mut frame = KTrapFrame([0; 34]);
        frame.0[33] = 5;
        glue::on_tick(&frame);
        let mut frame = TrapFrame([0; 40]);
        frame.0[32] = 6;
        glue::on_user_tick(&frame);
        glue::on_task_exit(&Task::new());
        assert_eq!(calls::take(), ["tick at 0x5", "user tick at 0x6"]);
    }
}

mod files {
    use super::*;

    fn with_task(test: impl FnOnce(&'static Arc<Task>, &UserMemory)) {
        let before = settled();
        test(switch_to(Some(Task::new())).unwrap(), &UserMemory::new());
        current_task().unwrap().pre_recycle();
        switch_to(None);
        assert_eq!(settled(), before, "a reference is left, or one too few was");
    }

    fn bpf([cmd, attr, size]: [usize; 3]) -> isize {
        glue::bpf(cmd as u32, attr as *mut u8, size as u32).unwrap()
    }

    pub fn a_map_is_made_used_and_closed() {
        with_task(|task, memory| {
            let map = bpf(memory.array(0)) as usize;
            assert_eq!(map, 3);
            assert_eq!(bpf(memory.update(map, 7)), 0);
            assert_eq!(bpf(memory.update(map + 1, 7)), -9);
            task.close(map);
            assert_eq!(bpf(memory.update(map, 7)), -9);
        });
    }

    pub fn a_child_has_its_parents_descriptors() {
        with_task(|parent, memory| {
            let map = bpf(memory.array(0)) as usize;
            switch_to(Some(parent.fork()));
            parent.pre_recycle();
            assert_eq!(bpf(memory.update(map, 7)), 0);
        });
    }

    pub fn a_full_table_refuses_and_keeps_nothing() {
        with_task(|_, memory| {
            for fd in 3..MOST_FILES {
                assert_eq!(bpf(memory.array(0)), fd as isize);
            }
            assert_eq!(bpf(memory.array(0)), -24);
        });
    }

    pub fn files_of_others_are_none_of_ours() {
        with_task(|task, memory| {
            let other = task.add_file(Arc::new(Disk)).unwrap();
            assert_eq!(bpf(memory.update(other, 7)), -9);
            let disk = task.get_file(other).unwrap();
            let mapped = glue::map(&disk, (0x1000, 4096, 0, true), never);
            assert_eq!(mapped, Ok(false));
        });
    }

    extern "C" fn close_fd(fd: c_int) -> c_int {
        current_task().unwrap().close(fd as usize);
        0
    }

    extern "C" fn duplicate_fd(fd: c_int) -> c_int {
        let task = current_task().unwrap();
        let file = task.get_file(fd as usize).unwrap();
        task.add_file(file).map_or(-24, |copy| copy as c_int)
    }

    extern "C" fn open_own() -> c_int {
        let task = current_task().unwrap();
        task.add_file(Arc::new(Disk)).map_or(-24, |fd| fd as c_int)
    }

    pub fn the_table_is_as_core_wants_it() {
        with_task(|_, _| host::expect_files_of(host::Table { close_fd, duplicate_fd, open_own }));
    }

    pub fn an_event_is_opened_read_polled_and_told() {
        with_task(|task, memory| {
            let attr = memory.output_event() as *const u8;
            let event = glue::perf_event_open(attr, 0, -1, -1, 8).unwrap() as usize;
            let map = bpf(memory.array(0)) as usize;
            let file = task.get_file(event).unwrap();
            let mut count = [1; 8];
            assert_eq!((file.read(&mut count), count), (Ok(8), [0; 8]));
            assert_eq!(file.read(&mut count[..4]), Err(LinuxErrno::ENOSPC));
            assert_eq!(file.write(&count), Err(LinuxErrno::EINVAL));
            const ENABLE: u32 = 0x2400;
            const SET_BPF: u32 = 0x4004_2408;
            assert_eq!(file.ioctl(ENABLE, 0), Ok(0));
            // A map is no program, 15 is nothing.
            assert_eq!(file.ioctl(SET_BPF, map), Ok(-22isize as usize));
            assert_eq!(file.ioctl(SET_BPF, 15), Ok(-9isize as usize));
            // Without a ring an event has hung up, as in Linux.
            assert_eq!(file.poll(PollEvents(1)), Ok(PollEvents(0x10)));
            let map = task.get_file(map).unwrap();
            assert_eq!(map.poll(PollEvents(1)), Ok(PollEvents(8)));
            assert_eq!(file.seek(constants::io::SeekFrom::Start(0)), Err(LinuxErrno::ESPIPE));
            assert_eq!(file.get_attr(), Ok(Default::default()));
            assert_eq!(file.get_open_flag(), constants::io::OpenFlags::O_RDWR);
            assert!(file.is_readable() && file.is_writable() && !file.is_append());
            assert!(file.dentry().inode().is_ok());
            assert_eq!(file.inode().inode_type(), VfsNodeType::Dir);
        });
    }

    fn never(_: VirtAddr, _: PhysAddr, _: usize, _: MappingFlags) -> PagingResult {
        panic!("nothing is mapped")
    }

    /// What a mapping of a file maps, as kernel's words.
    fn mapped(
        fd: usize, place: (usize, usize, usize, bool),
    ) -> (Result<bool, LinuxErrno>, Vec<String>) {
        let task = current_task().unwrap();
        let file = task.get_file(fd).unwrap();
        let inner = task.access_inner();
        let mut space = inner.address_space.lock();
        calls::take();
        let result = glue::map(&file, place, |va, pa, size, flags| {
            space.map_region(va, pa, size, flags, false)
        });
        (result, calls::take())
    }

    pub fn an_array_is_mapped_where_the_kernel_has_it() {
        const MMAPABLE: u32 = 1 << 10;
        switch_to(Some(Task::new()));
        let memory = UserMemory::new();
        let map = bpf(memory.array(MMAPABLE)) as usize;
        let (result, calls) = mapped(map, (0x4000, 4096, 0, true));
        assert_eq!((result, calls.len()), (Ok(true), 1));
        assert!(calls[0].starts_with("map 0x4000 to 0x"), "{calls:?}");
        assert!(calls[0].ends_with("000 4096 VRWUAD false"), "{calls:?}");
        let (result, _) = mapped(map, (0, 4096, 0, false));
        assert_eq!(result, Err(LinuxErrno::EFAULT));
        let (result, calls) = mapped(map, (0x4000, 4096, 4096, true));
        assert_eq!((result, calls.len()), (Err(LinuxErrno::EINVAL), 0));
        switch_to(None);
    }

    pub fn a_rings_data_are_mapped_twice() {
        switch_to(Some(Task::new()));
        let memory = UserMemory::new();
        let ring = bpf([0, memory.put(&[27, 0, 0, 4096, 0]) as usize, 20]) as usize;
        let (result, calls) = mapped(ring, (0x4000, 3 * 4096, 4096, false));
        assert_eq!((result, calls.len()), (Ok(true), 2));
        let address = |call: &str| {
            let hex = call.split("to 0x").nth(1).unwrap().split(' ').next().unwrap();
            usize::from_str_radix(hex, 16).unwrap()
        };
        assert!(calls[0].starts_with("map 0x4000 to "), "{calls:?}");
        assert!(calls[0].ends_with(" 8192 VRUA false"), "{calls:?}");
        assert!(calls[1].starts_with("map 0x6000 to "), "{calls:?}");
        assert!(calls[1].ends_with(" 4096 VRUA false"), "{calls:?}");
        assert_eq!(address(&calls[1]), address(&calls[0]) + 4096);
        switch_to(None);
    }

    pub fn tracefs_is_below_sysfs() {
        let sysfs = vfs::system_root_fs().inode().unwrap();
        let sysfs = sysfs.downcast_arc::<SysFsDirInodeImpl>().ok().unwrap();
        let text = |path: &str| -> Arc<dyn VfsInode> { sysfs.find(path).expect(path) };
        let pipe = text("kernel/tracing/trace_pipe");
        let mut line = [0; 256];
        assert_eq!(pipe.read_at(0, &mut line), Ok(0));
        let marker = text("kernel/tracing/trace_marker");
        assert_eq!(marker.write_at(0, b"hello\n"), Ok(6));
        assert_eq!(marker.write_at(0, b"\xff"), Err(VfsError::Invalid));
        let size = pipe.read_at(4096, &mut line).unwrap();
        let line = std::str::from_utf8(&line[..size]).unwrap();
        assert!(line.ends_with("tracing_mark_write: hello\n"), "{line}");
        let events = text("kernel/tracing/kprobe_events");
        assert_eq!(events.write_at(0, b"p:x nonsense\n"), Err(VfsError::Invalid));
        assert_eq!(events.write_at(0, b"\n"), Ok(1));
        assert_eq!(events.inode_type(), VfsNodeType::File);
        assert_eq!(events.get_attr(), Ok(Default::default()));
        assert_eq!(events.poll(VfsPollEvents(1)), Ok(VfsPollEvents(1)));
        let format = text("kernel/tracing/events/ftrace/print/format");
        let mut some = [0; 5];
        assert_eq!((format.read_at(0, &mut some), &some), (Ok(5), b"name:"));
    }

    pub fn what_is_made_later_is_shown_and_what_is_shown_stays() {
        let sysfs = vfs::system_root_fs().inode().unwrap();
        let sysfs = sysfs.downcast_arc::<SysFsDirInodeImpl>().ok().unwrap();
        let event = "kernel/tracing/events/kprobes/later/id";
        assert!(sysfs.find(event).is_none());
        let events = sysfs.find("kernel/tracing/kprobe_events").unwrap();
        let probed = host::Function::new(c"glue_probed");
        assert_eq!(events.write_at(0, b"p:later glue_probed\n"), Ok(20));
        let mut id = [0; 16];
        assert!(sysfs.find(event).unwrap().read_at(0, &mut id).unwrap() > 1);
        assert_eq!(events.write_at(0, b"-:later\n"), Ok(8));
        let gone = sysfs.find(event).unwrap().read_at(0, &mut id);
        assert_eq!(gone, Err(VfsError::Invalid));
        drop(probed);
        assert_eq!(glue::show_texts(), Ok(()));
        assert!(sysfs.find("kernel/debug/kprobes/list").is_some());
    }
}

mod start {
    use super::*;

    pub fn nothing_is_there_before() {
        vfs::boot();
        assert_eq!(glue::bpf(0, std::ptr::null_mut(), 0), Ok(-38)); // ENOSYS
    }

    pub fn the_port_starts_and_shows_its_texts() {
        assert_eq!(glue::init(), Ok(()));
    }

    pub fn what_the_port_refuses_is_refused() {
        assert_eq!(glue::init(), Err(LinuxErrno::EINVAL)); // EEXIST: it runs
    }
}

/// In this order: the kernel starts once.
const TESTS: &[common::Test] = tests! {
    start:
        nothing_is_there_before,
        the_port_starts_and_shows_its_texts,
        what_the_port_refuses_is_refused;
    services:
        memory_is_given_with_the_layout_that_it_came_with,
        regions_are_mapped_with_the_flags_of_their_letters,
        clocks_and_words_are_the_kernels,
        the_current_task_is_told_without_a_lock_that_is_taken,
        a_processs_pages_are_looked_up_and_brought_in,
        there_is_one_worker,
        symbols_are_those_of_the_second_link;
    hooks:
        breakpoints_and_faults_come_back_changed,
        ticks_and_ends_of_tasks_are_told;
    files:
        a_map_is_made_used_and_closed,
        a_child_has_its_parents_descriptors,
        a_full_table_refuses_and_keeps_nothing,
        the_table_is_as_core_wants_it,
        files_of_others_are_none_of_ours,
        an_event_is_opened_read_polled_and_told,
        tracefs_is_below_sysfs,
        what_is_made_later_is_shown_and_what_is_shown_stays,
        an_array_is_mapped_where_the_kernel_has_it,
        a_rings_data_are_mapped_twice;
};

fn main() -> ExitCode {
    common::run("rust_glue.alien", TESTS)
}
