// SPDX-License-Identifier: MIT
//! Files of ours in the kernel's own table of descriptors.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ebpf::platform::Files;
use ebpf::text::{self, TextFile, Tree};
use ebpf::{Clients, Errno, File, KernelClient, Locked, Mapping, Once, Result};
use ebpf::{UserClient, Watched};

use crate::host::{run_deferred, Kernel, UserMemory};

/// The calling process's.
static OPEN: Mutex<BTreeMap<i32, File>> = Mutex::new(BTreeMap::new());
const ALL: usize = 3;

struct Table;

unsafe impl Files for Table {
    fn install(file: File) -> Result<i32> {
        let mut open = OPEN.lock().unwrap();
        if open.len() == ALL {
            return Err(Errno::new(24));
        }
        let fd = open.last_key_value().map_or(10, |(last, _)| last + 1);
        open.insert(fd, file);
        Ok(fd)
    }

    fn get(fd: i32) -> Option<File> {
        OPEN.lock().unwrap().get(&fd).cloned()
    }
}

ebpf::export_services!(Table: Files);

fn close(fd: i64) -> bool {
    OPEN.lock().unwrap().remove(&(fd as i32)).is_some()
}

/// Kind, size of keys and of values, entries, flags.
fn create_map(caller: &UserClient, memory: &UserMemory, attr: [u32; 5]) -> Result<i64> {
    caller.bpf(0, memory.put(&attr), 20)
}

fn update(caller: &UserClient, memory: &UserMemory, map: i64, value: u64) -> Result<i64> {
    let key = memory.put(&0u64);
    let attr = [map as u64, key, memory.put(&value), 0];
    caller.bpf(2, memory.put(&attr), 32)
}

pub fn descriptors_are_the_kernels() {
    let _kernel = Kernel::start();
    let memory = UserMemory::new();
    let caller = UserClient::for_callers().unwrap();
    let map = create_map(&caller, &memory, [2, 4, 8, 1, 0]).unwrap();
    assert_eq!(map, 10);
    assert_eq!(update(&caller, &memory, map, 7), Ok(0));
    // Another process has it after fork under the same number, or after dup
    // under another.
    let twin = Table::install(Table::get(10).unwrap()).unwrap();
    assert!(close(map));
    assert_eq!(update(&caller, &memory, map, 7), Err(Errno::EBADF));
    assert_eq!(update(&caller, &memory, twin.into(), 7), Ok(0));
    assert!(close(twin.into()));
    run_deferred();
}

pub fn a_table_that_is_full_keeps_nothing() {
    let _kernel = Kernel::start();
    let memory = UserMemory::new();
    let caller = UserClient::for_callers().unwrap();
    let array = [2, 4, 8, 1, 0];
    let maps: Vec<_> = (0..ALL)
        .map(|_| create_map(&caller, &memory, array).unwrap())
        .collect();
    let refused = create_map(&caller, &memory, array);
    assert_eq!(refused, Err(Errno::new(24)));
    assert!(maps.into_iter().all(close));
    run_deferred();
}

const MMAPABLE: u32 = 1 << 10;

/// What is behind the descriptor of a map that the kernel's clients made.
fn map_file(memory: &UserMemory, attr: [u32; 5]) -> (i64, File) {
    let attr = memory.put(&attr);
    let fd = ebpf::bpf(0, attr, 20);
    (fd, Table::get(fd as i32).unwrap())
}

pub fn a_file_is_read_written_and_mapped() {
    let memory = UserMemory::new();
    let (fd, file) = map_file(&memory, [2, 4, 8, 1, MMAPABLE]);
    let caller = &Clients::get().unwrap().callers;
    update(caller, &memory, fd, 7).unwrap();
    assert_eq!(file.name(), c"anon_inode:bpf-map");
    assert!(file.describe(&mut []) > 0);
    assert_eq!(file.read(&mut [0; 8]), Err(Errno::EINVAL));
    assert_eq!(file.write(&[0; 8]), Err(Errno::EINVAL));
    assert_eq!(file.ioctl(1, 0), Err(Errno::new(25)));
    assert_ne!(file.poll(), 0);
    let pages = file.mmap(0, 4096, 3).unwrap();
    assert_eq!(unsafe { pages.address.cast::<u64>().read() }, 7);
    assert!(close(fd));
    drop(file);
    run_deferred();
}

pub fn a_mapping_is_what_the_kernel_can_do() {
    const RING: u32 = 27;
    const USER_RING: u32 = 31;
    let memory = UserMemory::new();
    let shared = Mapping {
        offset: 0,
        size: 4096,
        reads: true,
        writes: false,
        executes: false,
        is_shared: true,
        is_limited: false,
        mirrors: false,
    };
    let errno_of = |file: &File, asked| file.map(&asked).map(|_| ()).err();
    let (array_fd, array) = map_file(&memory, [2, 4, 8, 1, MMAPABLE]);
    let writes = true;
    assert_eq!(errno_of(&array, Mapping { writes, ..shared }), None);
    let is_shared = false;
    let refused = errno_of(
        &array,
        Mapping {
            is_shared,
            ..shared
        },
    );
    assert_eq!(refused, Some(Errno::EINVAL));
    let executes = true;
    let refused = errno_of(&array, Mapping { executes, ..shared });
    assert_eq!(refused, Some(Errno::EPERM));
    let (ring_fd, ring) = map_file(&memory, [RING, 0, 0, 4096, 0]);
    assert_eq!(errno_of(&ring, shared), Some(Errno::ENODEV));
    let is_limited = true;
    assert_eq!(
        errno_of(
            &ring,
            Mapping {
                is_limited,
                ..shared
            }
        ),
        None
    );
    let (user_fd, user_ring) = map_file(&memory, [USER_RING, 0, 0, 4096, 0]);
    let whole = Mapping {
        offset: 4096,
        size: 3 * 4096,
        writes,
        is_limited,
        ..shared
    };
    assert_eq!(errno_of(&user_ring, whole), Some(Errno::ENODEV));
    let pages = user_ring
        .map(&Mapping {
            mirrors: true,
            ..whole
        })
        .unwrap();
    let begin = pages.address;
    let mirror = unsafe { begin.byte_add(4096) };
    let parts: Vec<_> = pages.parts(0x4000).collect();
    assert_eq!(parts, [(0x4000, begin, 8192), (0x6000, mirror, 4096)]);
    let pages = array.map(&shared).unwrap();
    assert_eq!(pages.parts(0x4000).count(), 1);
    for fd in [array_fd, ring_fd, user_fd] {
        assert!(close(fd));
    }
    drop((array, ring, user_ring));
    run_deferred();
}

pub fn what_is_watched_is_found_while_it_is_there() {
    static WATCHED: Watched<File> = Watched::new();
    let memory = UserMemory::new();
    let (fd, file) = map_file(&memory, [27, 0, 0, 4096, 0]);
    let (first, second) = (Arc::new(file.clone()), Arc::new(file));
    let told = |object: &Arc<File>| Arc::as_ptr(object) as *mut c_void;
    let first_told = told(&first);
    assert!(WATCHED.get(first_told).is_none());
    for _ in 0..2 {
        WATCHED.watch(&first, &first);
    }
    assert!(Arc::ptr_eq(&WATCHED.get(first_told).unwrap(), &first));
    assert!(WATCHED.get(told(&second)).is_none());
    assert_eq!(Arc::weak_count(&first), 1);
    // Core knows it by now.
    assert_eq!(unsafe { first.wake_readers(first_told) }, Err(Errno::EBUSY));
    drop(first);
    assert!(WATCHED.get(first_told).is_none());
    WATCHED.watch(&second, &second);
    assert!(Arc::ptr_eq(&WATCHED.get(told(&second)).unwrap(), &second));
    assert!(close(fd));
    drop(second);
    run_deferred();
}

pub fn the_last_reference_may_go_where_nobody_may_wait() {
    let _kernel = Kernel::start();
    let memory = UserMemory::new();
    let caller = UserClient::for_callers().unwrap();
    let map = create_map(&caller, &memory, [2, 4, 8, 1, 0]).unwrap();
    let file = Table::get(map as i32).unwrap();
    assert!(close(map));
    assert_eq!(run_deferred(), 0, "there is still a reference");
    let same = unsafe { File::from_raw(file.clone().into_raw()) };
    drop(file);
    drop(same);
    assert_eq!(run_deferred(), 1);
}

pub fn texts_are_read_from_anywhere() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let path = c"/sys/kernel/tracing/README";
    let mut all = [0; 1024];
    let size = client.read_text_at(path, 0, &mut all).unwrap();
    assert!(size > 600, "{size}");
    let mut some = [0; 8];
    assert_eq!(client.read_text_at(path, 600, &mut some), Ok(8));
    assert_eq!(some, all[600..608]);
    assert_eq!(client.read_text_at(path, size, &mut some), Ok(0));
    assert_eq!(client.read_text_at(path, size + 999, &mut some), Ok(0));
    let marker = c"/sys/kernel/tracing/trace_marker";
    client.write_text(marker, "hello", 0).unwrap();
    let pipe = c"/sys/kernel/tracing/trace_pipe";
    let size = client.read_text_at(pipe, 4096, &mut all).unwrap();
    assert!(String::from_utf8_lossy(&all[..size]).ends_with("tracing_mark_write: hello\n"));
    assert_eq!(client.read_text_at(pipe, 0, &mut all), Ok(0));
}

pub fn an_empty_line_clears_a_text() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let marker = c"/sys/kernel/tracing/trace_marker";
    let trace = c"/sys/kernel/tracing/trace";
    let mut all = [0; 4096];
    assert_eq!(client.write_line(marker, b"hello\n"), Ok(6));
    assert_eq!(client.write_line(marker, b"\xff"), Err(Errno::EINVAL));
    let long = client.read_text_at(trace, 0, &mut all).unwrap();
    assert_eq!(client.write_line(trace, b"\n"), Ok(1));
    let short = client.read_text_at(trace, 0, &mut all).unwrap();
    assert!(short < long, "{short} {long}");
}

/// A tree of files that notes what is added to it, by its own paths.
#[derive(Clone)]
struct Folder(String);

static ADDED: Mutex<BTreeMap<String, (u32, Option<TextFile>)>> = Mutex::new(BTreeMap::new());

static FULL: AtomicBool = AtomicBool::new(true);

impl Folder {
    fn add(
        &self,
        name: &str,
        mode: u32,
        text: Option<TextFile>,
    ) -> std::result::Result<Self, &'static str> {
        if name == "trace_marker" && FULL.load(Ordering::Relaxed) {
            return Err("no room");
        }
        let path = format!("{}/{name}", self.0);
        let old = ADDED.lock().unwrap().insert(path.clone(), (mode, text));
        match old {
            None => Ok(Folder(path)),
            Some(_) => Err("it is there"),
        }
    }
}

impl text::Folder for Folder {
    type Error = &'static str;

    fn add_folder(&self, name: &str, mode: u32) -> std::result::Result<Self, &'static str> {
        self.add(name, mode, None)
    }

    fn add_text(
        &self,
        name: &str,
        mode: u32,
        text: TextFile,
    ) -> std::result::Result<(), &'static str> {
        self.add(name, mode, Some(text)).map(|_| ())
    }
}

pub fn a_tree_of_texts_is_shown_whole_and_once() {
    let tree = Tree::new();
    let root = Folder("/debug".to_string());
    let mode_of = |path: &str| {
        let added = ADDED.lock().unwrap();
        added.get(path).map(|(mode, text)| (*mode, text.is_some()))
    };
    let made = tree.folder(&root, c"/sys/kernel", 0o700).unwrap();
    let again = tree.folder(&root, c"/sys/kernel", 0o700).unwrap();
    assert_eq!((&*made.0, &*again.0), ("/debug/kernel", "/debug/kernel"));
    let show = || tree.show(&made, c"/sys/kernel/tracing");
    assert_eq!(show(), Err("no room"));
    FULL.store(false, Ordering::Relaxed);
    assert_eq!(show(), Ok(())); // what is there stays, and is not made twice
    let marker = "/debug/kernel/tracing/trace_marker";
    assert_eq!(mode_of(marker), Some((0o220, true)));
    let cpu = "/debug/kernel/tracing/per_cpu/cpu0";
    assert_eq!(mode_of(cpu), Some((0o750, false)));
    let format = "/debug/kernel/tracing/events/ftrace/print/format";
    assert_eq!(mode_of(format), Some((0o440, true)));
    assert_eq!(mode_of("/debug/kernel/tracing/none"), None);
    let added = ADDED.lock().unwrap();
    let (_, text) = &added[format];
    let text = text.as_ref().unwrap();
    let mut name = [0; 5];
    assert_eq!((text.read_at(0, &mut name), &name), (Ok(5), b"name:"));
    assert!(!text.makes_others());
    let text = |path: &str| added[path].1.as_ref().unwrap();
    assert_eq!(text(marker).write(b"hello\n"), Ok(6));
    assert_eq!(text(marker).write(b"\xff"), Err(Errno::EINVAL));
    assert!(text("/debug/kernel/tracing/kprobe_events").makes_others());
}

pub fn before_there_are_clients_there_is_nothing() {
    let tree = Tree::new();
    let nowhere = Folder("/nowhere".to_string());
    assert_eq!(tree.show(&nowhere, c"/sys/kernel/tracing"), Ok(()));
    assert!(ADDED.lock().unwrap().is_empty());
    assert_eq!(ebpf::bpf(0, 0, 0), Errno::ENOSYS.to_return());
    let opened = ebpf::perf_event_open(0, 0, -1, -1, 0);
    assert_eq!(opened, Errno::ENOSYS.to_return());
    let busy = Errno::EBUSY.to_return() as i32;
    assert_eq!(Clients::start_behind(busy), Err(Errno::EBUSY));
}

pub fn a_value_is_made_once() {
    let once = Once::new();
    assert_eq!(once.get(), None);
    assert_eq!(once.set(|| Err(Errno::ENOMEM)), Err(Errno::ENOMEM));
    assert_eq!(once.get(), None);
    assert_eq!(once.set(|| Ok(7)), Ok(()));
    assert_eq!(once.set(|| Ok(8)), Err(Errno::EEXIST));
    assert_eq!(once.get(), Some(&7));
}

pub fn a_name_of_c_ends_with_a_zero() {
    let mut to = [b'-'; 4];
    let mut write = |name, size| unsafe {
        to.fill(b'-');
        ebpf::name_to_c(name, to.as_mut_ptr(), size).then_some(to)
    };
    assert_eq!(write("stub", 4), Some(*b"stu\0"));
    assert_eq!(write("s", 4), Some(*b"s\0--"));
    assert_eq!(write("stub", 1), Some(*b"\0---"));
    assert_eq!((write("stub", 0), write("", 4)), (None, None));
    assert_eq!(unsafe { ebpf::text_of_c(c"stub".as_ptr()) }, "stub");
    assert_eq!(unsafe { ebpf::text_of_c(c"\xff".as_ptr()) }, "ebpf");
}

pub fn clients_are_made_once() {
    let kernel = Kernel::start();
    assert_eq!(Clients::get().unwrap_err(), Errno::ENOSYS);
    Clients::start().unwrap();
    assert_eq!(Clients::start(), Err(Errno::EEXIST));
    assert!(Clients::get().is_ok());
    // They are there for good, and so is the kernel.
    std::mem::forget(kernel);
}

pub fn one_thread_at_a_time_has_what_is_locked() {
    static COUNT: Locked<(u64, u64)> = Locked::new((0, 0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    COUNT.with(|(first, second)| {
                        *first += 1;
                        std::hint::black_box(&first);
                        *second = *first;
                    });
                }
            });
        }
    });
    assert_eq!(COUNT.with(|count| *count), (40_000, 40_000));
}
