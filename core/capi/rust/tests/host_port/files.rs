// SPDX-License-Identifier: MIT
//! Files of ours in the kernel's own table of descriptors.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::Mutex;

use ebpf::platform::Files;
use ebpf::{text, Clients, Errno, File, KernelClient, Locked, Result, UserClient};

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

pub fn a_file_is_read_written_and_mapped() {
    const MMAPABLE: u32 = 1 << 10;
    let _kernel = Kernel::start();
    let memory = UserMemory::new();
    let caller = UserClient::for_callers().unwrap();
    let kernel = KernelClient::new().unwrap();
    let map = create_map(&caller, &memory, [2, 4, 8, 1, MMAPABLE]).unwrap();
    update(&caller, &memory, map, 7).unwrap();
    let file = Table::get(map as i32).unwrap();
    assert_eq!(file.name(), c"anon_inode:bpf-map");
    assert!(file.describe(&mut []) > 0);
    assert_eq!(file.read(&kernel, &mut [0; 8]), Err(Errno::EINVAL));
    assert_eq!(file.write(&kernel, &[0; 8]), Err(Errno::EINVAL));
    assert_eq!(file.ioctl(&caller, 1, 0), Err(Errno::new(25)));
    assert_ne!(file.poll(), 0);
    let pages = file.mmap(&caller, 0, 4096, 3).unwrap();
    assert_eq!(unsafe { pages.address.cast::<u64>().read() }, 7);
    assert!(close(map));
    drop(file);
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

/// Where a file layer would show it.
struct Shown<'a> {
    all: &'a Mutex<Vec<(String, u32)>>,
    path: String,
}

impl text::Folder for Shown<'_> {
    type Error = &'static str;

    fn add_folder(
        &self,
        name: &str,
        mode: u32,
        at: &CStr,
    ) -> std::result::Result<Self, &'static str> {
        let path = format!("{}/{name}", self.path);
        assert_eq!(at.to_str().unwrap(), path);
        self.all.lock().unwrap().push((path.clone() + "/", mode));
        Ok(Shown {
            all: self.all,
            path,
        })
    }

    fn add_text(
        &self,
        name: &str,
        mode: u32,
        path: &CStr,
    ) -> std::result::Result<(), &'static str> {
        assert_eq!(path.to_str().unwrap(), format!("{}/{name}", self.path));
        self.all
            .lock()
            .unwrap()
            .push((path.to_str().unwrap().into(), mode));
        Ok(())
    }
}

pub fn a_tree_of_texts_is_shown_whole() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let all = Mutex::new(Vec::new());
    let root = "/sys/kernel/tracing".to_string();
    text::show(
        &client,
        c"/sys/kernel/tracing",
        &Shown {
            all: &all,
            path: root,
        },
    )
    .unwrap();
    let all = all.into_inner().unwrap();
    let mode_of = |path: &str| {
        let found = all.iter().find(|(name, _)| name == path);
        found.map(|(_, mode)| *mode)
    };
    assert_eq!(mode_of("/sys/kernel/tracing/trace_marker"), Some(0o220));
    assert_eq!(mode_of("/sys/kernel/tracing/per_cpu/cpu0/"), Some(0o750));
    assert_eq!(
        mode_of("/sys/kernel/tracing/events/ftrace/print/format"),
        Some(0o440)
    );
    assert_eq!(mode_of("/sys/kernel/tracing/none"), None);
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
