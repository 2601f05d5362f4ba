// SPDX-License-Identifier: MIT
//! mmap of files of ours, by a stand-in of DragonOS's: what it asks, in which
//! order, and what it does where a process touches a page.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use dragonos::ebpf_glue as glue;
use dragonos::filesystem::kernfs::{self, callback::KernCallbackData};
use dragonos::filesystem::vfs::file::{File, FileDescriptorTable, FileFlags};
use dragonos::filesystem::vfs::FilePrivateData;
use dragonos::mm::fault::PageFaultMessage;
use dragonos::mm::page::{MOST_PAGES, PAGES};
use dragonos::mm::{VmFaultReason, VmFlags};
use system_error::SystemError;

use super::files::{close, with_process};
use super::host::{settled, Function, UserMemory};

const PAGE: usize = 4096;
const READ: u32 = 1;
const WRITE: u32 = 3;
const MMAPABLE: u32 = 1 << 10;
const ENOMEM: usize = -12isize as usize;

/// Of one process, which keeps the file.
struct Mapping {
    file: Arc<File>,
    first: usize,
    flags: VmFlags,
}

/// Whether the kernel has the line with `limit_mapping`.
#[derive(Clone, Copy, PartialEq)]
enum Kernel {
    Limits,
    HasNoLine,
}

fn flags_of(protection: u32) -> VmFlags {
    const SHARED: u32 = 8;
    const MAY_DO_ALL: u32 = 0x70;
    VmFlags::of(protection | SHARED | MAY_DO_ALL)
}

fn map_as(
    kernel: Kernel, table: &FileDescriptorTable, fd: usize, (offset, len): (usize, usize),
    mut flags: VmFlags,
) -> Result<Mapping, SystemError> {
    let file = table.read().get_file_by_fd(fd as i32).unwrap();
    if kernel == Kernel::Limits {
        glue::limit_mapping(&file, &mut flags);
    }
    file.inode().check_mmap_file(&file, len, offset, flags)?;
    file.inode().mmap(0x1000_0000, len, offset)?;
    Ok(Mapping { file, first: offset / PAGE, flags })
}

fn map(
    table: &FileDescriptorTable, fd: usize, place: (usize, usize), protection: u32,
) -> Result<Mapping, SystemError> {
    map_as(Kernel::Limits, table, fd, place, flags_of(protection))
}

impl Mapping {
    /// Where its page `page` is; None: SIGBUS.
    fn touch(&self, page: usize, writes: bool) -> Option<*mut u8> {
        let (file, index) = (self.file.clone(), self.first + page);
        let mut message = PageFaultMessage { file, index, page: None };
        let fs = self.file.inode().fs();
        if !writes {
            let around = unsafe { fs.map_pages(&mut message, index & !15, index | 15) };
            assert_eq!(around, VmFaultReason::empty());
        }
        let reason = unsafe { fs.fault(&mut message) };
        if reason == VmFaultReason::VM_FAULT_SIGBUS {
            return None;
        }
        assert_eq!(reason, VmFaultReason::empty());
        if writes {
            let reason = unsafe { fs.page_mkwrite(&mut message) };
            assert_eq!(reason, VmFaultReason::empty());
        }
        message.page.map(|page| page.bytes())
    }
    fn word(&self, at: usize) -> u64 {
        unsafe { self.touch(at / PAGE, false).unwrap().add(at % PAGE).cast::<u64>().read() }
    }
    fn set_word(&self, at: usize, value: u64) {
        let page = self.touch(at / PAGE, true).unwrap();
        unsafe { page.add(at % PAGE).cast::<u64>().write(value) }
    }
}

fn error_of(result: Result<Mapping, SystemError>) -> Option<SystemError> {
    result.err()
}

fn array(memory: &UserMemory, entries: u32, flags: u32) -> usize {
    glue::bpf(&[0, memory.put(&[2, 4, 8, entries, flags]) as usize, 20]).unwrap()
}

fn ring(memory: &UserMemory, kind: u32, size: usize) -> usize {
    glue::bpf(&[0, memory.put(&[kind, 0, 0, size as u32, 0]) as usize, 20]).unwrap()
}

/// Test of the whole: nothing is left of the page caches behind it.
fn with_pages(test: impl FnOnce(&Arc<FileDescriptorTable>, &UserMemory)) {
    assert_eq!(PAGES.load(Ordering::Relaxed), 0);
    with_process(test);
    assert_eq!(PAGES.load(Ordering::Relaxed), 0);
}

pub fn an_array_is_one_memory_for_the_kernel_and_each_process() {
    with_pages(|table, memory| {
        let fd = array(memory, 1024, MMAPABLE);
        let mapping = map(table, fd, (0, 2 * PAGE), WRITE).unwrap();
        assert_eq!(glue::bpf(&memory.update(fd, 7)), Ok(0));
        assert_eq!(mapping.word(0), 7);
        mapping.set_word(PAGE + 8, 9);
        let second = map(table, second_file(memory), (PAGE, PAGE), READ).unwrap();
        assert_eq!(second.word(8), 9);
        assert!(second.touch(1, false).is_none());
        map(table, fd, (0, PAGE), READ).unwrap(); // less of it than before
        assert_eq!(mapping.word(PAGE + 8), 9);
        assert!(mapping.touch(2, false).is_none());
    });
}

/// Another file of the only map that there is, by BPF_MAP_GET_FD_BY_ID.
fn second_file(memory: &UserMemory) -> usize {
    (1u32..250)
        .map(|id| glue::bpf(&[14, memory.put(&[id, 0, 0]) as usize, 12]).unwrap())
        .find(|fd| (*fd as isize) > 0)
        .expect("few maps were made before")
}

pub fn a_mapping_outlives_its_descriptor_and_keeps_the_memory() {
    with_pages(|table, memory| {
        let fd = array(memory, 512, MMAPABLE);
        let mapping = map(table, fd, (0, PAGE), WRITE).unwrap();
        let second = map(table, fd, (0, PAGE), READ).unwrap();
        close(table, fd);
        settled();
        mapping.set_word(8, 5);
        drop(mapping);
        settled();
        assert_eq!((second.word(8), PAGES.load(Ordering::Relaxed)), (5, 1));
        drop(second);
        settled();
        assert_eq!(PAGES.load(Ordering::Relaxed), 0);
    });
}

fn text(path: &str) -> &'static dyn kernfs::callback::KernFSCallback {
    kernfs::root().find(path).expect(path).callback()
}

/// perf_event_open(2) of all that passes a probe, on CPU 0.
fn probe_event(memory: &UserMemory, name: &str) -> usize {
    let mut id = [0; 16];
    let path = format!("tracing/events/kprobes/{name}/id");
    let size = text(&path).read(KernCallbackData, &mut id, 0).unwrap();
    let id: u32 = std::str::from_utf8(&id[..size]).unwrap().trim().parse().unwrap();
    let mut attr = [0u32; 18];
    (attr[0], attr[1], attr[2], attr[4], attr[6]) = (2, 72, id, 1, 0x400);
    attr[12] = 1; // wakeup_events
    let minus_one = -1isize as usize;
    glue::perf_event_open(&[memory.put(&attr) as usize, minus_one, 0, minus_one, 8]).unwrap()
}

pub fn an_events_buffer_is_read_as_libbpf_and_aya_read_it() {
    const HEAD: usize = 1024;
    const TAIL: usize = 1032;
    const DATA_SIZE: usize = 1048;
    let events = text("tracing/kprobe_events");
    let probed = Function::new(c"glue_mapped");
    assert_eq!(events.write(KernCallbackData, b"p:mapped glue_mapped\n", 0), Ok(21));
    with_pages(|table, memory| {
        let fd = probe_event(memory, "mapped");
        // All of it may be written, so any kernel maps it.
        let place = (0, 3 * PAGE);
        let buffer = map_as(Kernel::HasNoLine, table, fd, place, flags_of(WRITE)).unwrap();
        assert_eq!((buffer.word(HEAD), buffer.word(DATA_SIZE)), (0, 2 * PAGE as u64));
        calls::take();
        probed.call();
        let size = buffer.word(HEAD);
        let woken = || calls::take().iter().filter(|call| *call == "pollers woken").count();
        assert_eq!((woken(), settled() != 0, woken()), (0, true, 1));
        let inode = table.read().get_file_by_fd(fd as i32).unwrap().inode();
        let poll = || inode.as_pollable_inode().unwrap().poll(&FilePrivateData).unwrap();
        assert_eq!((poll() & 1, poll() & 1), (1, 0)); // as in Linux, once
        let laps = 4 * PAGE as u64 / size;
        for n in 1..laps {
            let tail = buffer.word(TAIL);
            assert_eq!((tail, buffer.word(HEAD)), ((n - 1) * size, n * size));
            let header = buffer.word(PAGE + tail as usize % (2 * PAGE));
            assert_eq!((header as u32, header >> 48), (9, size)); // PERF_RECORD_SAMPLE
            buffer.set_word(TAIL, n * size);
            probed.call();
        }
        assert!(buffer.touch(3, false).is_none());
        let other = error_of(map(table, fd, (0, 2 * PAGE), WRITE));
        assert_eq!(other, Some(SystemError::EINVAL));
        close(table, fd);
        settled();
        assert_eq!(buffer.word(HEAD), laps * size);
        calls::take();
        probed.call();
        drop((buffer, inode));
        settled(); // a notice under way finds nobody
        assert_eq!(woken(), 0);
    });
    assert_eq!(events.write(KernCallbackData, b"-:mapped\n", 0), Ok(9));
}

const fn insn(opcode: u8, dst: u8, src: u8, offset: i16, imm: i32) -> u64 {
    let regs = (dst | src << 4) as u64;
    opcode as u64 | regs << 8 | (offset as u16 as u64) << 16 | (imm as u32 as u64) << 32
}

const RECORD: usize = 400; // 4096 is no multiple of it with its header

/// A program that puts such a record into a ring, which BPF_PROG_TEST_RUN runs.
fn writer(memory: &UserMemory, ring: usize) -> impl Fn() -> usize {
    let mut code = Vec::new();
    for word in 1..=RECORD / 8 {
        code.push(insn(0x7a, 10, 0, -8 * word as i16, word as i32));
    }
    code.extend([
        insn(0x18, 1, 1, 0, ring as i32),
        0,
        insn(0xbf, 2, 10, 0, 0),
        insn(0x07, 2, 0, 0, -(RECORD as i32)),
        insn(0xb7, 3, 0, 0, RECORD as i32),
        insn(0xb7, 4, 0, 0, 0),
        insn(0x85, 0, 0, 0, 130), // bpf_ringbuf_output
        insn(0x95, 0, 0, 0, 0),
    ]);
    let count = code.len() as u64;
    let mut whole = [0; RECORD / 8 + 8];
    whole.copy_from_slice(&code);
    let (code, license) = (memory.put(&whole), memory.put(b"GPL\0"));
    let attr = [1 | count << 32, code, license, 0, 0, 0];
    let program = glue::bpf(&[5, memory.put(&attr) as usize, 48]).unwrap();
    assert!(program < 100, "{}", program as isize);
    let packet = memory.put(&[0u8; 64]);
    let run = memory.put(&[program as u64, 64, packet, 0, 0]) as usize;
    move || glue::bpf(&[10, run, 40]).unwrap()
}

pub fn a_rings_records_never_need_the_second_copy_of_its_data() {
    const DISCARDED: u64 = 1 << 30;
    with_pages(|table, memory| {
        let fd = ring(memory, 27, PAGE);
        let write = writer(memory, fd);
        let consumer = map(table, fd, (0, PAGE), WRITE).unwrap();
        let rest = map(table, fd, (PAGE, 3 * PAGE), READ).unwrap();
        let (mut position, mut seen, mut skipped) = (0, 0, 0);
        while seen < 100 {
            assert_eq!(write(), 0);
            while position < rest.word(0) {
                let at = position as usize % PAGE;
                let length = rest.word(PAGE + at) as u32 as u64;
                let size = length as usize & !(DISCARDED as usize);
                assert!(at + 8 + size <= PAGE);
                if length & DISCARDED == 0 {
                    assert_eq!(size, RECORD);
                    assert_eq!(rest.word(PAGE + at + RECORD), 1); // its last word
                    seen += 1;
                } else {
                    skipped += 1;
                }
                position += (8 + size as u64).next_multiple_of(8);
                consumer.set_word(0, position);
            }
        }
        assert!(skipped > 5);
        // Not the kernel's own page, which is right behind the data.
        assert!(rest.touch(2, false).is_none() && rest.touch(9, false).is_none());
    });
}

pub fn a_ring_is_mapped_where_the_mapping_stays_as_it_is() {
    with_pages(|table, memory| {
        let fd = ring(memory, 27, PAGE);
        for (place, protection) in [((0, PAGE), WRITE), ((PAGE, 3 * PAGE), READ)] {
            let mapping = map_as(Kernel::HasNoLine, table, fd, place, flags_of(protection));
            assert_eq!(error_of(mapping), Some(SystemError::ENODEV));
            let mapping = map(table, fd, place, protection).unwrap();
            assert!(mapping.flags.contains(VmFlags::VM_DONTEXPAND));
            let writes = mapping.flags.contains(VmFlags::VM_MAYWRITE);
            assert_eq!(writes, protection == WRITE);
            assert!(!mapping.flags.contains(VmFlags::VM_MAYEXEC));
        }
    });
}

pub fn files_of_the_kernels_own_are_mapped_as_they_were() {
    let file = Arc::new(File::new(kernfs::root(), FileFlags::O_RDWR).unwrap());
    let mut flags = flags_of(READ);
    glue::limit_mapping(&file, &mut flags);
    assert_eq!(flags, flags_of(READ));
}

pub fn a_ring_that_processes_write_has_its_data_once() {
    with_pages(|table, memory| {
        let fd = ring(memory, 31, PAGE);
        let twice = error_of(map(table, fd, (PAGE, 3 * PAGE), WRITE));
        assert_eq!(twice, Some(SystemError::ENODEV));
        let once = map(table, fd, (PAGE, 2 * PAGE), WRITE).unwrap();
        once.set_word(PAGE, 8);
        assert!(once.touch(2, true).is_none());
    });
}

pub fn what_cannot_be_mapped_is_refused_as_linux_does() {
    use SystemError::{EACCES, EINVAL, ENODEV, EPERM};
    with_pages(|table, memory| {
        let fd = array(memory, 1024, MMAPABLE);
        let refused = |fd, place, protection| error_of(map(table, fd, place, protection));
        for (place, protection, error) in [
            ((0, 3 * PAGE), WRITE, EINVAL),
            ((2 * PAGE, PAGE), WRITE, EINVAL),
            ((0, 0), WRITE, EINVAL),
            ((100, PAGE), WRITE, EINVAL),
            ((usize::MAX - PAGE + 1, PAGE), WRITE, EINVAL),
            ((0, PAGE), 5, EPERM),
            ((0, PAGE), 4, EPERM),
        ] {
            assert_eq!(refused(fd, place, protection), Some(error), "{place:?}");
        }
        let private = map_as(Kernel::Limits, table, fd, (0, PAGE), VmFlags::of(WRITE));
        assert_eq!(error_of(private), Some(EINVAL));
        let private = map_as(Kernel::Limits, table, fd, (0, PAGE), VmFlags::of(5));
        assert_eq!(error_of(private), Some(EPERM));
        assert_eq!(refused(array(memory, 1, 0), (0, PAGE), READ), Some(EINVAL));
        let constant = array(memory, 1, MMAPABLE | 1 << 7); // BPF_F_RDONLY_PROG
        assert_eq!(refused(constant, (0, PAGE), WRITE), Some(EACCES));
        let unlimited = |fd| {
            let mapping = map_as(Kernel::HasNoLine, table, fd, (0, PAGE), flags_of(READ));
            error_of(mapping)
        };
        assert_eq!((unlimited(fd), unlimited(constant)), (None, Some(ENODEV)));
        let attr = memory.put(&(fd as u32)) as usize;
        assert_eq!(glue::bpf(&[22, attr, 4]), Ok(0)); // BPF_MAP_FREEZE
        assert_eq!(refused(fd, (0, PAGE), WRITE), Some(EPERM));
        assert_eq!((refused(fd, (0, PAGE), READ), unlimited(fd)), (None, Some(ENODEV)));
        let pages = fd_without_memory(table, memory);
        assert_eq!(refused(pages, (0, PAGE), READ), Some(ENODEV));
    });
}

/// A program's. Frees a descriptor for it.
fn fd_without_memory(table: &FileDescriptorTable, memory: &UserMemory) -> usize {
    let fd = ring(memory, 27, PAGE);
    let _ = writer(memory, fd);
    close(table, fd);
    fd + 1
}

/// The kernel's heap.
struct Heap(AtomicUsize);

#[global_allocator]
static HEAP: Heap = Heap(AtomicUsize::new(0));

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(layout.size(), Ordering::Relaxed);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.0.fetch_sub(layout.size(), Ordering::Relaxed);
        System.dealloc(memory, layout)
    }
}

pub fn files_that_are_gone_leave_nothing_on_the_heap() {
    let used_by = |rounds| {
        for _ in 0..rounds {
            with_pages(|table, memory| {
                let fd = ring(memory, 27, PAGE);
                map(table, fd, (PAGE, 3 * PAGE), READ).unwrap();
                calls::take();
            });
        }
        HEAP.0.load(Ordering::Relaxed)
    };
    let before = used_by(1);
    assert_eq!(used_by(100), before);
}

pub fn without_pages_there_is_no_map_and_nothing_is_left() {
    with_pages(|_, memory| {
        let size = (MOST_PAGES * PAGE) as u32;
        let made = glue::bpf(&[0, memory.put(&[27, 0, 0, size, 0]) as usize, 20]);
        assert_eq!(made, Ok(ENOMEM));
    });
}
