// SPDX-License-Identifier: MIT
//! What both compilers say of types that both sides have.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{c_char, CStr};
use std::fs;
use std::mem::{offset_of, size_of};
use std::path::Path;

use ebpf::{events, frame, sys, tracepoint};

extern "C" {
    fn ebpf_test_layout(
        index: usize,
        type_name: *mut *const c_char,
        field: *mut *const c_char,
        value: *mut usize,
    ) -> bool;
}

fn text(pointer: *const c_char) -> String {
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().into()
}

/// By type and field, as C++ has it.
fn of_cpp() -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    let mut name = std::ptr::null();
    let mut field = std::ptr::null();
    let mut value = 0;
    while unsafe { ebpf_test_layout(found.len(), &mut name, &mut field, &mut value) } {
        let twice = found.insert((text(name), text(field)), value);
        assert_eq!(twice, None);
    }
    found
}

/// As Rust has it.
fn of_rust() -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    let mut add = |name: &str, field: &str, value| {
        found.insert((name.to_string(), field.to_string()), value);
    };
    for (name, field, value) in tracepoint::LAYOUTS.iter().chain(events::LAYOUTS) {
        add(name, field, *value);
    }
    macro_rules! layout {
        ($module:ident::$type:ident: $($field:ident),*) => {
            add(stringify!($type), "", size_of::<$module::$type>());
            $(add(
                stringify!($type),
                stringify!($field),
                offset_of!($module::$type, $field),
            );)*
        };
    }
    layout!(sys::ebpf_options: cpu_features, interpret, blind_constants);
    layout!(sys::ebpf_pin_entry: is_directory);
    layout!(sys::ebpf_text_entry: is_directory, mode);
    layout!(sys::ebpf_pages: size, mirrored_size, sealed);
    layout!(sys::ebpf_deferred: run);
    layout!(sys::ebpf_symbol: size, entry);
    layout!(sys::ebpf_address_range: last);
    layout!(sys::ebpf_this_cpu: counter_offset, stack_size);
    layout!(sys::ebpf_context: stride, interrupts, resched);
    layout!(sys::ebpf_timer: port);
    layout!(frame::X86_64: rbp, r11, rax, rdi, orig_rax, rip, rflags, rsp, ss);
    layout!(frame::Aarch64: sp, pc, pstate);
    layout!(frame::Riscv64: x, status, badaddr, cause, orig_a0);
    found
}

pub fn both_compilers_have_the_same() {
    assert_eq!(of_rust(), of_cpp());
}

pub fn each_of_rusts_tracepoint_types_is_compared() {
    let cpp = of_cpp();
    assert!(tracepoint::LAYOUTS.len() > 40);
    for (name, field, value) in tracepoint::LAYOUTS {
        let key = (name.to_string(), field.to_string());
        assert_eq!(cpp.get(&key), Some(value), "{key:?}");
    }
}

/// Words of a text that begin with `prefix`, each followed by one of `ends`.
fn names(text: &str, prefix: &str, ends: &[char]) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        if text[..at].ends_with(is_name) {
            continue;
        }
        let name: String = text[at..].chars().take_while(|&c| is_name(c)).collect();
        if text[at + name.len()..].starts_with(ends) {
            found.insert(name);
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or("").to_string();
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// What core asks of a kernel can be given in Rust: all of it, and nothing else.
pub fn each_service_of_core_has_its_trait() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = BTreeSet::new();
    for entry in fs::read_dir(here.join("../../platform")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "h") {
            let text = without_comments(&fs::read_to_string(path).unwrap());
            asked.extend(names(&text, "ebpf_port_", &['(', ';']));
        }
    }
    assert!(asked.len() > 60, "{asked:?}");
    // Code, not a function.
    assert!(asked.remove("ebpf_port_breakpoint_entry"));
    let exports = fs::read_to_string(here.join("src/platform/export.rs")).unwrap();
    let given = names(&exports, "ebpf_port_", &['(', ':']);
    assert_eq!(asked, given);
}

/// And what a kernel may call can be called.
pub fn each_function_of_the_c_face_is_declared() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (header, source) in [
        ("../ebpf.h", "src/sys.rs"),
        ("../ebpf_trace.h", "src/events.rs"),
    ] {
        let header = fs::read_to_string(here.join(header)).unwrap();
        let source = fs::read_to_string(here.join(source)).unwrap();
        let declared = names(&source, "ebpf_", &['(']);
        let functions = names(&header, "ebpf_", &['(']);
        assert!(functions.len() > 30, "{functions:?}");
        let missing: Vec<_> = functions
            .difference(&declared)
            .filter(|name| !name.starts_with("ebpf_port_"))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
