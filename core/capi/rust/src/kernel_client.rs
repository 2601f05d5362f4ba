// SPDX-License-Identifier: MIT
//! The kernel itself as a client: it may do everything, and its pointers are the
//! kernel's. Maps, programs and their links, with lengths that are checked; for
//! the rest of bpf(2) there is [`KernelClient::bpf`].

use core::ffi::CStr;
use core::mem::{size_of, size_of_val};

use crate::client::{Client, Fd};
use crate::errno::{check, Errno, Result};
use crate::program::Program;
use crate::sys;

/// Commands of bpf(2) and requests of ioctl(2), by Linux's numbers.
pub(crate) mod command {
    pub const MAP_CREATE: u32 = 0;
    pub const MAP_LOOKUP_ELEM: u32 = 1;
    pub const MAP_UPDATE_ELEM: u32 = 2;
    pub const MAP_DELETE_ELEM: u32 = 3;
    pub const PROG_LOAD: u32 = 5;
    pub const PROG_TEST_RUN: u32 = 10;
    pub const RAW_TRACEPOINT_OPEN: u32 = 17;

    pub const EVENT_ENABLE: u32 = 0x2400;
    pub const EVENT_SET_BPF: u32 = 0x4004_2408;
}

/// See [`Client`] for what both kinds of clients can do, and for contexts.
#[derive(Debug)]
pub struct KernelClient {
    client: Client,
}

impl core::ops::Deref for KernelClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl KernelClient {
    /// With no open descriptors. ENOMEM.
    pub fn new() -> Result<KernelClient> {
        let client = Client::create(sys::EBPF_ORIGIN_KERNEL)?;
        Ok(KernelClient { client })
    }

    /// Linux's bpf(2), with an attribute as `linux/bpf.h` has it.
    ///
    /// # Safety
    /// Each pointer in `attr` is to memory that is as long as `command` takes it
    /// to be, and that may be written where `command` does.
    pub unsafe fn bpf<T>(&self, command: u32, attr: &mut T) -> Result<i64> {
        let size = size_of_val(attr) as u32;
        check(unsafe { sys::ebpf_bpf(self.as_ptr(), command, attr as *mut T as u64, size) })
    }

    /// Linux's perf_event_open(2), with a `perf_event_attr`.
    ///
    /// # Safety
    /// Each pointer in `attr` is to a string that ends with a zero.
    pub unsafe fn perf_event_open<T>(
        &self,
        attr: &mut T,
        pid: i32,
        cpu: i32,
        group: Option<Fd>,
        flags: u64,
    ) -> Result<Fd> {
        let group = group.map_or(-1, |fd| fd.0);
        let attr = attr as *mut T as u64;
        Fd::from_result(unsafe {
            sys::ebpf_perf_event_open(self.as_ptr(), attr, pid, cpu, group, flags)
        })
    }

    /// Linux's ioctl(2).
    ///
    /// # Safety
    /// If `command` takes `argument` for a pointer it is one.
    pub unsafe fn ioctl(&self, fd: Fd, command: u32, argument: u64) -> Result<i64> {
        check(unsafe { sys::ebpf_ioctl(self.as_ptr(), fd.0, command, argument) })
    }

    /// Linux's read(2), but EAGAIN where that blocks.
    pub fn read(&self, fd: Fd, to: &mut [u8]) -> Result<usize> {
        let size = to.len() as u64;
        check(unsafe { sys::ebpf_read(self.as_ptr(), fd.0, to.as_mut_ptr() as u64, size) })
            .map(|size| size as usize)
    }

    /// Linux's write(2): what it can take, perhaps not all.
    pub fn write(&self, fd: Fd, from: &[u8]) -> Result<usize> {
        let size = from.len() as u64;
        check(unsafe { sys::ebpf_write(self.as_ptr(), fd.0, from.as_ptr() as u64, size) })
            .map(|size| size as usize)
    }

    /// Makes a map.
    pub fn create_map(&self, spec: &MapSpec) -> Result<Map<'_>> {
        #[repr(C)]
        struct Attr {
            map_type: u32,
            key_size: u32,
            value_size: u32,
            max_entries: u32,
            map_flags: u32,
            inner_map_fd: u32,
            numa_node: u32,
            map_name: [u8; 16],
        }
        let mut attr = Attr {
            map_type: spec.map_type,
            key_size: spec.key_size,
            value_size: spec.value_size,
            max_entries: spec.max_entries,
            map_flags: spec.flags,
            inner_map_fd: 0,
            numa_node: 0,
            map_name: name_of(spec.name)?,
        };
        let fd = Fd::from_result(unsafe { self.bpf(command::MAP_CREATE, &mut attr) }?)?;
        Ok(Map {
            client: self,
            fd,
            key_size: spec.key_size as usize,
            value_size: spec.bytes_of_value(),
        })
    }

    /// Has `program`, of type RAW_TRACEPOINT, run where the tracepoint is passed.
    pub fn attach_raw_tracepoint(&self, name: &CStr, program: &Program<'_>) -> Result<Link<'_>> {
        #[repr(C)]
        struct Attr {
            name: u64,
            prog_fd: u32,
            reserved: u32,
        }
        let mut attr = Attr {
            name: name.as_ptr() as u64,
            prog_fd: program.fd().0 as u32,
            reserved: 0,
        };
        let fd = unsafe { self.bpf(command::RAW_TRACEPOINT_OPEN, &mut attr) }?;
        Ok(Link {
            client: self,
            fd: Fd::from_result(fd)?,
        })
    }

    /// Has `program`, of type TRACEPOINT, run for each record of the event whose
    /// number is `id` (`/sys/kernel/tracing/events/<system>/<name>/id`).
    pub fn attach_tracepoint(&self, id: u64, program: &Program<'_>) -> Result<Link<'_>> {
        const TRACEPOINT: u32 = 2;
        self.attach_event(PerfEventAttr::new(TRACEPOINT, id), program)
    }

    /// Has `program`, of type KPROBE, run where a CPU comes to `offset` bytes
    /// behind the beginning of `function`.
    pub fn attach_kprobe(
        &self,
        function: &CStr,
        offset: u64,
        program: &Program<'_>,
    ) -> Result<Link<'_>> {
        self.attach_probe(0, function, offset, program)
    }

    /// Has it run where `function` has returned.
    pub fn attach_kretprobe(&self, function: &CStr, program: &Program<'_>) -> Result<Link<'_>> {
        self.attach_probe(1, function, 0, program)
    }

    fn attach_probe(
        &self,
        is_return: u64,
        function: &CStr,
        offset: u64,
        program: &Program<'_>,
    ) -> Result<Link<'_>> {
        const KPROBE: u32 = 6;
        let mut attr = PerfEventAttr::new(KPROBE, is_return);
        attr.config1 = function.as_ptr() as u64;
        attr.config2 = offset;
        self.attach_event(attr, program)
    }

    fn attach_event(&self, mut attr: PerfEventAttr, program: &Program<'_>) -> Result<Link<'_>> {
        // What is switched on for all tasks of CPU 0 runs its programs on all.
        let fd = unsafe { self.perf_event_open(&mut attr, -1, 0, None, 0) }?;
        let link = Link { client: self, fd };
        let program = program.fd().0 as u64;
        unsafe {
            self.ioctl(fd, command::EVENT_SET_BPF, program)?;
            self.ioctl(fd, command::EVENT_ENABLE, 0)?;
        }
        Ok(link)
    }
}

/// Linux's `struct perf_event_attr`, its first 72 bytes.
#[repr(C)]
#[derive(Default)]
struct PerfEventAttr {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    config1: u64,
    config2: u64,
}

impl PerfEventAttr {
    fn new(kind: u32, config: u64) -> PerfEventAttr {
        const DISABLED: u64 = 1;
        PerfEventAttr {
            kind,
            size: size_of::<PerfEventAttr>() as u32,
            config,
            flags: DISABLED,
            ..PerfEventAttr::default()
        }
    }
}

/// A name as Linux's attributes have it. EINVAL if it is too long.
pub(crate) fn name_of(name: &str) -> Result<[u8; 16]> {
    let mut field = [0; 16];
    if name.len() >= field.len() {
        return Err(Errno::EINVAL);
    }
    field[..name.len()].copy_from_slice(name.as_bytes());
    Ok(field)
}

/// What a map is.
#[derive(Clone, Copy, Debug)]
pub struct MapSpec<'a> {
    /// Linux's number: 1 hash, 2 array, 27 ring buffer and so on.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes, of one CPU's.
    pub value_size: u32,
    /// Of keys.
    pub max_entries: u32,
    /// Linux's BPF_F_*.
    pub flags: u32,
    /// Up to 15 characters.
    pub name: &'a str,
}

impl MapSpec<'_> {
    /// An array of `count` values.
    pub const fn array(value_size: u32, count: u32) -> MapSpec<'static> {
        MapSpec {
            map_type: 2,
            key_size: 4,
            value_size,
            max_entries: count,
            flags: 0,
            name: "",
        }
    }

    /// A hash table of up to `count` keys.
    pub const fn hash(key_size: u32, value_size: u32, count: u32) -> MapSpec<'static> {
        MapSpec {
            map_type: 1,
            key_size,
            value_size,
            max_entries: count,
            flags: 0,
            name: "",
        }
    }

    /// What a look-up writes: where each CPU has a value, all of them.
    fn bytes_of_value(&self) -> usize {
        const PER_CPU: [u32; 4] = [5, 6, 10, 21];
        if PER_CPU.contains(&self.map_type) {
            let cpus = unsafe { crate::platform::ebpf_port_cpu_count() };
            (self.value_size as usize).next_multiple_of(8) * cpus as usize
        } else {
            self.value_size as usize
        }
    }
}

/// A map, until this is dropped and no program has it.
#[derive(Debug)]
pub struct Map<'c> {
    client: &'c KernelClient,
    fd: Fd,
    key_size: usize,
    value_size: usize,
}

#[repr(C)]
struct ElementAttr {
    map_fd: u32,
    reserved: u32,
    key: u64,
    value: u64,
    flags: u64,
}

impl Map<'_> {
    /// For instructions that load it, and other calls.
    pub fn fd(&self) -> Fd {
        self.fd
    }

    /// Copies the value of `key` to `value`. ENOENT; EINVAL for lengths that are
    /// not the map's (a value of each CPU, if it has those).
    pub fn lookup(&self, key: &[u8], value: &mut [u8]) -> Result<()> {
        self.check_lengths(key, value.len())?;
        let value = value.as_mut_ptr() as u64;
        unsafe { self.call(command::MAP_LOOKUP_ELEM, key, value, 0) }
    }

    /// Puts a copy of `value` under `key`. `flags` are Linux's BPF_ANY 0,
    /// BPF_NOEXIST 1, BPF_EXIST 2.
    pub fn update(&self, key: &[u8], value: &[u8], flags: u64) -> Result<()> {
        self.check_lengths(key, value.len())?;
        let value = value.as_ptr() as u64;
        unsafe { self.call(command::MAP_UPDATE_ELEM, key, value, flags) }
    }

    /// Removes `key`. ENOENT.
    pub fn delete(&self, key: &[u8]) -> Result<()> {
        self.check_lengths(key, self.value_size)?;
        unsafe { self.call(command::MAP_DELETE_ELEM, key, 0, 0) }
    }

    fn check_lengths(&self, key: &[u8], value_size: usize) -> Result<()> {
        if key.len() == self.key_size && value_size == self.value_size {
            Ok(())
        } else {
            Err(Errno::EINVAL)
        }
    }

    unsafe fn call(&self, command: u32, key: &[u8], value: u64, flags: u64) -> Result<()> {
        let mut attr = ElementAttr {
            map_fd: self.fd.0 as u32,
            reserved: 0,
            key: key.as_ptr() as u64,
            value,
            flags,
        };
        unsafe { self.client.bpf(command, &mut attr) }.map(|_| ())
    }
}

impl Drop for Map<'_> {
    fn drop(&mut self) {
        let _ = self.client.close(self.fd);
    }
}

/// A program at its place, until this is dropped.
#[derive(Debug)]
#[must_use = "the program is taken from its place at once"]
pub struct Link<'c> {
    client: &'c KernelClient,
    fd: Fd,
}

impl Link<'_> {
    /// Of the link, or of the perf event.
    pub fn fd(&self) -> Fd {
        self.fd
    }
}

impl Drop for Link<'_> {
    fn drop(&mut self) {
        let _ = self.client.close(self.fd);
    }
}
