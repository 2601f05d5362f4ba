// SPDX-License-Identifier: MIT
//! What both compilers say of types that both sides have.

use std::collections::BTreeMap;
use std::ffi::{c_char, CStr};
use std::mem::{offset_of, size_of};

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
    layout!(sys::ebpf_pages: size, mirrored_size);
    layout!(sys::ebpf_deferred: run);
    layout!(sys::ebpf_symbol: size, entry);
    layout!(sys::ebpf_address_range: last);
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
