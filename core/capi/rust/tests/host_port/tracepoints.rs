// SPDX-License-Identifier: MIT
//! Tracepoints that are declared in Rust, and one in C++ with an equal
//! declaration.

use std::cell::Cell;
use std::ffi::{c_char, CStr, CString};

use ebpf::tracepoint::{Chars, Text};
use ebpf::{KernelClient, Link, Map, MapSpec, ProgramSpec};

use crate::calls::{count_of, counter};
use crate::host::{count_sites, Kernel};

ebpf::tracepoint! {
    /// As tests/cpp/equal_event.cc.
    pub struct FromRust: rust_face:from_rust(
        number: i32,
        large: u64,
        path: &CStr,
        good: bool,
    ) shows 3 {
        tiny: i8 = -3,
        small: u16 as "unsigned short" = 0xfffe,
        number: i32 as "pid_t" = number,
        large: u64 as "unsigned long" = large,
        comm: Chars<16> as "char[16]" = c"a name that is too long",
        args: [u64; 3] as "unsigned long[3]" = [
            large,
            large.wrapping_add(1),
            large.wrapping_add(2),
        ],
        at: *const c_char = path.as_ptr(),
        good: bool = good,
        path: Text = path,
        again: Text = path,
        last: i64 = -i64::from(number),
    }
    print concat!(
        "\"number=%d path=%s comm=%s last=%lld\", REC->number, ",
        "__get_str(path), REC->comm, REC->last",
    );
}

ebpf::tracepoint! {
    /// Without arguments or fields, and passed at one place only.
    struct Bare: rust_face:bare() {}
    print "\"\"";
}

ebpf::tracepoint! {
    /// As many arguments as there may be.
    struct Many: rust_face:many(
        a: u8, b: i8, c: u16, d: i16, e: u32, f: i32,
        g: u64, h: i64, i: usize, j: bool, k: *const u8, l: isize,
    ) {
        l: isize = l,
    }
    print "\"%ld\", REC->l";
}

ebpf::tracepoint! {
    /// As many as fit into registers; text of Rust's.
    struct Six: rust_face:six(a: u64, b: u64, name: &&str, d: u64, e: u64, f: u64) {
        name: Text = name,
        short: Chars<4> as "char[4]" = name,
    }
    print "\"%s %s\", __get_str(name), REC->short";
}

extern "C" {
    fn ebpf_test_pass_from_cpp(number: i32, large: u64, path: *const c_char, good: bool);
}

#[inline(never)]
fn pass_from_rust(number: i32, large: u64, path: &CStr, good: bool) {
    ebpf::trace!(FromRust, number, large, path, good);
}

fn pass_from_cpp(number: i32, large: u64, path: &CStr, good: bool) {
    unsafe { ebpf_test_pass_from_cpp(number, large, path.as_ptr(), good) }
}

#[inline(never)]
fn pass_bare() {
    ebpf::trace!(Bare);
}

/// The text of events/rust_face/<event>/<file>.
fn text_of(client: &KernelClient, event: &str, file: &str) -> String {
    let path = format!("/sys/kernel/tracing/events/rust_face/{event}/{file}");
    let mut text = vec![0; 8192];
    let path = CString::new(path).unwrap();
    let size = client.read_text(&path, &mut text).unwrap();
    text.truncate(size);
    String::from_utf8(text).unwrap()
}

fn write_to(client: &KernelClient, event: &str, file: &str, text: &str) {
    let path = format!("/sys/kernel/tracing/events/rust_face/{event}/{file}");
    let path = CString::new(path).unwrap();
    client.write_text(&path, text, 0).unwrap();
}

fn id_of(client: &KernelClient, event: &str) -> u64 {
    text_of(client, event, "id").trim().parse().unwrap()
}

/// All lines of the trace.
fn lines() -> Vec<String> {
    let mut text = vec![0; 1 << 16];
    let size = ebpf::read_trace(&mut text);
    let text = String::from_utf8_lossy(&text[..size]).into_owned();
    text.lines().map(String::from).collect()
}

fn attach_counter<'c>(client: &'c KernelClient, name: &CStr, map: &Map<'_>) -> Link<'c> {
    let insns = counter(map);
    let spec = ProgramSpec::new(ProgramSpec::RAW_TRACEPOINT, &insns);
    let program = client.load_program(&spec, None).unwrap();
    client.attach_raw_tracepoint(name, &program).unwrap()
}

/// The program that copies argument `index` into an array's only value.
fn argument(map: &Map<'_>, index: u64) -> [u64; 11] {
    let fd = map.fd().0 as u64;
    let offset = index * 8;
    [
        offset << 16 | 0x1679, // r6 = *(u64*)(r1 + offset)
        0x0000_0000_fffc_0a62, // *(u32*)(r10 - 4) = 0
        0x0000_0000_0000_a2bf, // r2 = r10
        0xffff_fffc_0000_0207, // r2 += -4
        fd << 32 | 0x1118,     // r1 = map
        0,
        0x0000_0001_0000_0085, // r0 = map_lookup_elem(r1, r2)
        0x0000_0000_0001_0015, // if r0 == 0 goto +1
        0x0000_0000_0000_607b, // *(u64*)r0 = r6
        0x0000_0000_0000_00b7, // r0 = 0
        0x0000_0000_0000_0095, // exit
    ]
}

/// What argument `index` is for a raw program, when `pass` passes the event.
fn argument_of(name: &CStr, index: u64, pass: impl Fn()) -> ebpf::Result<u64> {
    let client = KernelClient::new()?;
    let map = client.create_map(&MapSpec::array(8, 1))?;
    let insns = argument(&map, index);
    let spec = ProgramSpec::new(ProgramSpec::RAW_TRACEPOINT, &insns);
    let program = client.load_program(&spec, None)?;
    let link = client.attach_raw_tracepoint(name, &program)?;
    pass();
    drop(link);
    Ok(count_of(&map))
}

pub fn a_raw_program_runs_while_it_is_attached() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::array(8, 1)).unwrap();
    assert!(!Bare::is_wanted());
    pass_bare();
    let link = attach_counter(&client, c"bare", &map);
    assert!(Bare::is_wanted());
    pass_bare();
    pass_bare();
    let second = attach_counter(&client, c"bare", &map);
    pass_bare();
    drop(link);
    pass_bare();
    drop(second);
    assert!(!Bare::is_wanted());
    pass_bare();
    assert_eq!(count_of(&map), 5);
}

pub fn a_raw_program_gets_the_arguments() {
    let _kernel = Kernel::start();
    static HERE: &CStr = c"here";
    let pass = || pass_from_rust(-2, 1 << 40, HERE, true);
    assert_eq!(argument_of(c"from_rust", 0, pass), Ok(0xffff_fffe));
    assert_eq!(argument_of(c"from_rust", 1, pass), Ok(1 << 40));
    let path = HERE.as_ptr() as u64;
    assert_eq!(argument_of(c"from_rust", 2, pass), Ok(path));
}

/// As of the event in C++: the verifier knows of three.
pub fn a_raw_program_gets_no_more_than_is_shown() {
    let _kernel = Kernel::start();
    let path = c"here";
    for (name, pass) in [
        (c"from_rust", pass_from_rust as fn(i32, u64, &CStr, bool)),
        (c"from_cpp", pass_from_cpp),
    ] {
        assert!(argument_of(name, 2, || pass(1, 2, path, true)).is_ok());
        let refused = argument_of(name, 3, || pass(1, 2, path, true));
        assert!(refused.is_err(), "{name:?}: {refused:?}");
    }
}

pub fn twelve_arguments_arrive() {
    let _kernel = Kernel::start();
    let pass = || {
        ebpf::trace!(
            Many,
            255,
            -1,
            65535,
            -2,
            u32::MAX,
            -3,
            u64::MAX,
            -4,
            5,
            true,
            std::ptr::without_provenance(6),
            -7
        );
    };
    let expected = [
        255,
        255,
        65535,
        65534,
        u64::from(u32::MAX),
        u64::from(u32::MAX) - 2,
        u64::MAX,
        u64::MAX - 3,
        5,
        1,
        6,
        u64::MAX - 6,
    ];
    for (index, expected) in expected.into_iter().enumerate() {
        assert_eq!(argument_of(c"many", index as u64, pass), Ok(expected));
    }
}

/// What names and numbers differ in by themselves.
fn without_name(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("ID: "));
    let text: Vec<_> = lines.collect();
    text.join("\n").replace("from_cpp", "from_rust")
}

pub fn formats_are_equal_to_those_of_cpp() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let rust = text_of(&client, "from_rust", "format");
    let cpp = text_of(&client, "from_cpp", "format");
    assert!(rust.contains("name: from_rust\n"), "{rust}");
    assert!(rust.contains("comm[16];"), "{rust}");
    assert_eq!(without_name(&rust), without_name(&cpp));
}

/// Linux's perf_event_attr.
#[repr(C)]
#[derive(Default)]
struct EventAttr {
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

/// Where the event was passed, and the bytes of its record, from the ring of a
/// perf event.
fn sample_of(client: &KernelClient, event: &str, pass: impl Fn()) -> (u64, Vec<u8>) {
    const SAMPLE_IP: u64 = 1;
    const SAMPLE_RAW: u64 = 1 << 10;
    const SAMPLE: u32 = 9;
    let mut attr = EventAttr {
        kind: 2,
        size: size_of::<EventAttr>() as u32,
        config: id_of(client, event),
        sample_period: 1,
        sample_type: SAMPLE_IP | SAMPLE_RAW,
        ..EventAttr::default()
    };
    let fd = unsafe { client.perf_event_open(&mut attr, -1, 0, None, 0) }.unwrap();
    let pages = client.mmap(fd, 0, 2 * 4096, 3).unwrap();
    let at = |offset: usize| unsafe { pages.address.as_ptr().cast::<u8>().add(offset) };
    pass();
    let head = unsafe { at(1024).cast::<u64>().read_volatile() };
    assert!(head > 12, "nothing was sampled of {event}");
    assert_eq!(unsafe { at(4096).cast::<u32>().read() }, SAMPLE);
    let ip = unsafe { at(4096 + 8).cast::<u64>().read() };
    let size = unsafe { at(4096 + 16).cast::<u32>().read() } as usize;
    assert!(size as u64 <= head);
    let record = unsafe { std::slice::from_raw_parts(at(4096 + 20), size) }.to_vec();
    client.close(fd).unwrap();
    (ip, record)
}

fn record_of(client: &KernelClient, event: &str, pass: impl Fn()) -> Vec<u8> {
    sample_of(client, event, pass).1
}

pub fn a_sample_tells_the_place() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let (ip, _) = sample_of(&client, "bare", pass_bare);
    let begin = pass_bare as *const () as u64;
    assert!(
        (begin..begin + 128).contains(&ip),
        "{ip:#x} is not in {begin:#x}"
    );
}

pub fn records_are_equal_to_those_of_cpp() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    for path in [c"", c"/a/path", c"/another/path/of/nineteen"] {
        let mut rust = record_of(&client, "from_rust", || {
            pass_from_rust(-7, u64::MAX, path, true);
        });
        let mut cpp = record_of(&client, "from_cpp", || {
            pass_from_cpp(-7, u64::MAX, path, true);
        });
        // Their types are their ids.
        let id = id_of(&client, "from_rust") as u16;
        assert_eq!(rust[..2], id.to_ne_bytes());
        let id = id_of(&client, "from_cpp") as u16;
        assert_eq!(cpp[..2], id.to_ne_bytes());
        rust[..2].fill(0);
        cpp[..2].fill(0);
        assert_eq!(rust, cpp);
        let text = path.to_bytes_with_nul();
        assert!(rust.windows(text.len()).any(|window| window == text));
        assert_eq!(rust[8], -3i8 as u8);
    }
}

/// Memory of records has held others.
pub fn holes_of_a_record_are_zeros() {
    let info = FromRust::declaration().info();
    let words = [1, 2, c"text".as_ptr() as u64, 1];
    let size = info.record_size as usize + 2 * c"text".to_bytes_with_nul().len() + 6;
    let filled = |with: u8| {
        let mut record = vec![u64::from_ne_bytes([with; 8]); size.div_ceil(8)];
        let memory = record.as_mut_ptr().cast::<u8>();
        unsafe { (info.fill)(memory, size, words.as_ptr()) };
        unsafe { std::slice::from_raw_parts(memory.add(8), size - 8) }.to_vec()
    };
    assert_eq!(filled(0xff), filled(0));
    let room = info
        .text_size
        .map(|text_size| unsafe { text_size(words.as_ptr()) });
    assert_eq!(room, Some(10));
}

pub fn lines_of_the_trace_are_equal_to_those_of_cpp() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    write_to(&client, "from_rust", "enable", "1");
    write_to(&client, "from_cpp", "enable", "1");
    pass_from_rust(7, 8, c"text", false);
    pass_from_cpp(7, 8, c"text", false);
    write_to(&client, "from_rust", "enable", "0");
    write_to(&client, "from_cpp", "enable", "0");
    let lines = lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let told = "from_rust: number=7 path=text comm=a name that is  last=-7";
    for line in lines {
        let (_, event) = line.split_once(": ").unwrap();
        assert_eq!(event.replace("from_cpp", "from_rust"), told);
    }
}

pub fn a_filter_looks_at_fields() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    write_to(
        &client,
        "from_rust",
        "filter",
        "number > 1 && path ~ \"*b*\" && comm == \"a name that is \"",
    );
    write_to(&client, "from_rust", "enable", "1");
    pass_from_rust(1, 0, c"abc", false);
    pass_from_rust(2, 0, c"acc", false);
    pass_from_rust(3, 0, c"abc", false);
    write_to(&client, "from_rust", "enable", "0");
    let lines = lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("number=3 path=abc"), "{lines:?}");
}

pub fn a_program_reads_the_record() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let map = client.create_map(&MapSpec::array(8, 1)).unwrap();
    let insns = argument(&map, 2); // at 16: `large`
    let spec = ProgramSpec::new(ProgramSpec::TRACEPOINT, &insns);
    let program = client.load_program(&spec, None).unwrap();
    let id = id_of(&client, "from_rust");
    let link = client.attach_tracepoint(id, &program).unwrap();
    pass_from_rust(1, 77, c"x", false);
    drop(link);
    pass_from_rust(1, 78, c"x", false);
    assert_eq!(count_of(&map), 77);
}

pub fn text_of_rust_needs_no_zero() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    write_to(&client, "six", "enable", "1");
    let name = &"sixpence"[..6];
    ebpf::trace!(Six, 1, 2, &name, 4, 5, 6);
    write_to(&client, "six", "enable", "0");
    let lines = lines();
    assert!(lines[0].ends_with("six: sixpen six"), "{lines:?}");
}

/// Sums up what it has of its caller, with the event in between, so that nearly
/// every register is in use.
#[inline(never)]
fn sum_around(words: &[u64; 12]) -> u64 {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *words;
    let name = "x";
    ebpf::trace!(Six, a, b, &name, d, e, f);
    a ^ b.rotate_left(1)
        ^ c.rotate_left(2)
        ^ d.rotate_left(3)
        ^ e.rotate_left(4)
        ^ f.rotate_left(5)
        ^ g.rotate_left(6)
        ^ h.rotate_left(7)
        ^ i.rotate_left(8)
        ^ j.rotate_left(9)
        ^ k.rotate_left(10)
        ^ l.rotate_left(11)
}

/// The same for vector registers, which copies of text go through.
#[inline(never)]
fn product_around(numbers: &[f64; 12]) -> f64 {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *numbers;
    let (ab, cd, ef, gh, ij, kl) = (a * b, c * d, e * f, g * h, i * j, k * l);
    let name = "text that is copied by its words, and is long enough for it";
    ebpf::trace!(Six, 1, 2, &name, 4, 5, 6);
    (ab - cd) * (ef - gh) * (ij - kl) + ab * ij
}

pub fn a_place_keeps_what_its_function_has() {
    let _kernel = Kernel::start();
    let client = KernelClient::new().unwrap();
    let words = std::array::from_fn(|i| 0x0123_4567_89ab_cdef << i);
    let numbers = std::array::from_fn(|i| i as f64 + 0.25);
    let sum = sum_around(&words);
    let product = product_around(&numbers);
    let map = client.create_map(&MapSpec::array(8, 1)).unwrap();
    let link = attach_counter(&client, c"six", &map);
    write_to(&client, "six", "enable", "1");
    assert_eq!(sum_around(&words), sum);
    assert_eq!(product_around(&numbers), product);
    write_to(&client, "six", "enable", "0");
    drop(link);
    assert_eq!(count_of(&map), 2);
    assert_eq!(lines().len(), 2);
    assert_eq!(sum_around(&words), sum);
}

pub fn arguments_are_not_evaluated_while_nobody_asks() {
    let _kernel = Kernel::start();
    let evaluated = Cell::new(0);
    let number = || {
        evaluated.set(evaluated.get() + 1);
        1
    };
    let pass = || ebpf::trace!(FromRust, number(), 2, c"", false);
    pass();
    assert_eq!(evaluated.get(), 0);
    assert_eq!(argument_of(c"from_rust", 0, pass), Ok(1));
    assert_eq!(evaluated.get(), 1);
}

#[inline(never)]
fn pass_where_nobody_else_does() {
    ebpf::trace!(Lonely);
}

ebpf::tracepoint! {
    /// Passed in one function.
    struct Lonely: rust_face:lonely() {}
    print "\"\"";
}

pub fn each_place_is_a_branch() {
    let _kernel = Kernel::start();
    pass_where_nobody_else_does();
    assert_eq!(count_sites(Lonely::declaration()), 1);
}
