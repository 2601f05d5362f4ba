// SPDX-License-Identifier: MIT
//! bpf(2), perf_event_open(2) and the calls on descriptors.

use ebpf::{text, Errno, KernelClient, MapSpec, ProgramSpec, UserClient};

use crate::host::{init_again, Function, Kernel, UserMemory};

/// r0 = 42; exit
const RETURN_42: [u64; 2] = [0x2a_0000_00b7, 0x95];

/// The program that adds 1 to the only value of an array.
pub fn counter(map: &ebpf::Map<'_>) -> [u64; 11] {
    let fd = map.fd().0 as u64;
    [
        0x0000_0000_fffc_0a62, // *(u32*)(r10 - 4) = 0
        0x0000_0000_0000_a2bf, // r2 = r10
        0xffff_fffc_0000_0207, // r2 += -4
        fd << 32 | 0x1118,     // r1 = map
        0,
        0x0000_0001_0000_0085, // r0 = map_lookup_elem(r1, r2)
        0x0000_0000_0002_0015, // if r0 == 0 goto +2
        0x0000_0001_0000_01b7, // r1 = 1
        0x0000_0000_0000_10db, // lock *(u64*)r0 += r1
        0x0000_0000_0000_00b7, // r0 = 0
        0x0000_0000_0000_0095, // exit
    ]
}

pub fn count_of(map: &ebpf::Map<'_>) -> u64 {
    let mut value = [0; 8];
    map.lookup(&[0; 4], &mut value).unwrap();
    u64::from_ne_bytes(value)
}

pub fn starts_once() {
    let _kernel = Kernel::start();
    assert_eq!(init_again(), Err(Errno::EEXIST));
}

pub fn maps_are_made_filled_and_read() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::hash(4, 8, 2)).unwrap();
    map.update(b"key1", &7u64.to_ne_bytes(), 0).unwrap();
    map.update(b"key2", &8u64.to_ne_bytes(), 0).unwrap();
    assert_eq!(map.update(b"key3", &[0; 8], 0), Err(Errno::E2BIG));
    assert_eq!(map.update(b"key1", &[0; 8], 1), Err(Errno::EEXIST));
    let mut value = [0; 8];
    map.lookup(b"key2", &mut value).unwrap();
    assert_eq!(u64::from_ne_bytes(value), 8);
    map.delete(b"key2").unwrap();
    assert_eq!(map.lookup(b"key2", &mut value), Err(Errno::ENOENT));
}

pub fn wrong_lengths_do_not_reach_the_kernel() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::array(8, 1)).unwrap();
    let mut long = [0; 16];
    assert_eq!(map.lookup(&[0; 4], &mut long), Err(Errno::EINVAL));
    assert_eq!(map.update(&[0; 3], &[0; 8], 0), Err(Errno::EINVAL));
    let per_cpu = MapSpec {
        map_type: 6,
        ..MapSpec::array(8, 1)
    };
    let per_cpu = client.create_map(&per_cpu).unwrap();
    let mut values = [0xff; 8 * 4]; // as many CPUs as the host port has
    assert_eq!(
        per_cpu.lookup(&[0; 4], &mut values[..8]),
        Err(Errno::EINVAL)
    );
    per_cpu.lookup(&[0; 4], &mut values).unwrap();
    assert_eq!(values, [0; 8 * 4]);
}

pub fn programs_are_verified_and_run() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let spec = ProgramSpec::new(ProgramSpec::RAW_TRACEPOINT, &RETURN_42);
    let program = client.load_program(&spec, None).unwrap();
    assert_eq!(program.run(&[]), Ok(42));
}

pub fn a_refused_program_says_why() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let uninitialised = [0x95]; // exit, without r0
    let spec = ProgramSpec::new(ProgramSpec::KPROBE, &uninitialised);
    let mut log = [0; 1024];
    let refused = client.load_program(&spec, Some(&mut log));
    assert_eq!(refused.unwrap_err(), Errno::EACCES);
    let said = String::from_utf8_lossy(&log);
    assert!(said.contains("R0 !read_ok"), "{said}");
}

pub fn a_kprobe_counts_calls_until_its_link_is_dropped() {
    let _kernel = Kernel::start();
    let function = Function::new(c"rust_face_probed");
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::array(8, 1)).unwrap();
    let insns = counter(&map);
    let program = client
        .load_program(&ProgramSpec::new(ProgramSpec::KPROBE, &insns), None)
        .unwrap();
    function.call();
    let link = client
        .attach_kprobe(c"rust_face_probed", 0, &program)
        .unwrap();
    function.call();
    function.call();
    drop(link);
    function.call();
    assert_eq!(count_of(&map), 2);
    let link = client
        .attach_kretprobe(c"rust_face_probed", &program)
        .unwrap();
    function.call();
    drop(link);
    assert_eq!(count_of(&map), 3);
}

pub fn a_kprobe_on_nothing_is_refused() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let spec = ProgramSpec::new(ProgramSpec::KPROBE, &RETURN_42);
    let program = client.load_program(&spec, None).unwrap();
    let link = client.attach_kprobe(c"no_such_function", 0, &program);
    assert_eq!(link.unwrap_err(), Errno::ENOENT);
}

pub fn a_process_passes_its_own_addresses_only() {
    let _kernel = Kernel::start();
    let memory = UserMemory::new();
    let process = UserClient::new().unwrap();
    let create = [2u32, 4, 4, 1, 0]; // an array of one u32
    let size = size_of_val(&create) as u32;
    let kernels = create.as_ptr() as u64;
    assert_eq!(process.bpf(0, kernels, size), Err(Errno::EFAULT));
    let fd = process.bpf(0, memory.put(&create), size).unwrap();
    assert_eq!(process.close(ebpf::Fd(fd as i32)), Ok(()));
    assert_eq!(process.close(ebpf::Fd(fd as i32)), Err(Errno::EBADF));
    let path = memory.put(b"/proc/kallsyms\0");
    let text = process.open_text(path, text::flags::READ_ONLY).unwrap();
    let to = memory.put(&[0u8; 64]);
    assert_eq!(process.read(text, to, 64), Ok(64));
    assert_eq!(process.read(text, 4096, 64), Err(Errno::EFAULT));
}

pub fn texts_are_listed_read_and_written() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let on = c"/sys/kernel/tracing/tracing_on";
    assert!(text::all().any(|text| text.path == on));
    let mut content = [0; 64];
    let size = client.read_text(on, &mut content).unwrap();
    assert_eq!(&content[..size], b"1\n");
    client.write_text(on, "0", 0).unwrap();
    let size = client.read_text(on, &mut content).unwrap();
    assert_eq!(&content[..size], b"0\n");
    assert_eq!(client.write_text(on, "nonsense", 0), Err(Errno::EINVAL));

    let directory = c"/sys/kernel/tracing/per_cpu/cpu0";
    assert!(client.text_at(directory).unwrap().is_directory());
    let mut names = Vec::new();
    while let Ok(entry) = client.text_entry(directory, names.len() as u32) {
        names.push(entry.name().to_string());
    }
    assert!(names.contains(&"trace_pipe".to_string()), "{names:?}");
    let behind = client.text_entry(directory, names.len() as u32);
    assert_eq!(behind.err(), Some(Errno::ENOENT));
    assert_eq!(client.text_entry(on, 0).err(), Some(Errno::ENOTDIR));
    assert_eq!(
        client.read_text(c"/proc/nonsense", &mut content),
        Err(Errno::ENOENT)
    );
    assert_eq!(
        client.read_text(c"/sys/kernel/tracing/README", &mut content[..1]),
        Err(Errno::E2BIG)
    );
}

pub fn descriptors_say_what_they_are() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::array(4, 1)).unwrap();
    assert_eq!(client.name_of(map.fd()).unwrap(), c"anon_inode:bpf-map");
    let mut lines = [0; 512];
    let size = client.describe(map.fd(), &mut lines).unwrap();
    assert!(String::from_utf8_lossy(&lines[..size]).contains("max_entries:\t1\n"));
    let twin = client.dup(map.fd()).unwrap();
    assert_ne!(twin, map.fd());
    assert_eq!(client.close(twin), Ok(()));
    assert_eq!(client.name_of(twin), Err(Errno::EBADF));
}

pub fn a_ring_is_mapped() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let ring = MapSpec {
        map_type: 27,
        key_size: 0,
        value_size: 0,
        max_entries: 4096,
        flags: 0,
        name: "ring",
    };
    let ring = client.create_map(&ring).unwrap();
    let consumer = client.mmap(ring.fd(), 0, 4096, 3).unwrap();
    assert_eq!((consumer.size, consumer.mirrored_size), (4096, 0));
    let producer = client.mmap(ring.fd(), 4096, 3 * 4096, 1).unwrap();
    assert_eq!(producer.mirrored_size, 4096);
    assert_eq!(
        client.mmap(ring.fd(), 4096, 3 * 4096, 3).unwrap_err(),
        Errno::EPERM
    );
}

pub fn compiled_programs_have_names() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    assert!(ebpf::symbol_of(0).is_none());
    let spec = ProgramSpec {
        name: "answer",
        ..ProgramSpec::new(ProgramSpec::KPROBE, &RETURN_42)
    };
    let _program = client.load_program(&spec, None).unwrap();
    let mut symbols = vec![0; 1 << 22];
    let size = client.read_text(c"/proc/kallsyms", &mut symbols).unwrap();
    let symbols = String::from_utf8_lossy(&symbols[..size]);
    let line = symbols.lines().find(|l| l.contains("_answer\t")).unwrap();
    let address = u64::from_str_radix(&line[..16], 16).unwrap();
    let symbol = ebpf::symbol_of(address + 1).unwrap();
    assert_eq!(symbol.begin, address);
    assert!(symbol.name().starts_with("bpf_prog_"));
    assert!(symbol.name().ends_with("_answer"));
    assert_eq!(ebpf::set_jit(false, false), Ok(()));
    assert_eq!(ebpf::set_jit(true, false), Ok(()));
}

pub fn errors_have_linuxs_names() {
    assert_eq!(format!("{:?}", Errno::ENOENT), "ENOENT");
    assert_eq!(format!("{:?}", Errno::new(111)), "Errno(111)");
    assert_eq!(Errno::EBADF.to_return(), -9);
    assert_eq!(Errno::new(-3), Errno::EINVAL);
}
