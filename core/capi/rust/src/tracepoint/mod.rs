// SPDX-License-Identifier: MIT
//! Tracepoints that are declared in Rust: [`tracepoint!`](crate::tracepoint!) and
//! [`trace!`](crate::trace!).
//!
//! A declaration is the same data in the same sections as one of C++
//! (`core/tracepoints/tracepoint.h`, `core/decisions/0004-static-keys.md`); this
//! module has its types, whose layouts are pinned on both sides. Nothing of core
//! knows which language an event was declared in.

mod declare;
mod field;
#[cfg_attr(target_arch = "x86_64", path = "place_x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "place_aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "place_riscv64.rs")]
mod place;
mod word;

use core::cell::UnsafeCell;
use core::mem::{offset_of, size_of};

pub use field::{Chars, Field, Fill, RecordText, Text};
#[doc(hidden)]
pub use place::fire;
pub use word::Word;

/// No tracepoint has more arguments.
pub const MAX_ARGUMENTS: usize = 12;
/// No record is longer.
pub const MAX_RECORD: usize = 2048;

/// C++'s StringView: characters without a zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct StringView {
    data: *const u8,
    size: usize,
}

impl StringView {
    /// Of the same characters.
    pub const fn new(text: &'static str) -> StringView {
        StringView {
            data: text.as_ptr(),
            size: text.len(),
        }
    }
}

/// C++'s Span.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Span<T> {
    data: *const T,
    size: usize,
}

impl<T> Span<T> {
    /// Of the same objects.
    pub const fn new(objects: &'static [T]) -> Span<T> {
        Span {
            data: objects.as_ptr(),
            size: objects.len(),
        }
    }
}

/// How a field holds its value.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A number in the CPU's byte order.
    Integer = 0,
    /// Characters in the record, up to a zero or the field's end.
    Text = 1,
    /// Linux's __data_loc.
    DynamicText = 2,
    /// What a filter cannot compare.
    Bytes = 3,
}

/// A field as `format` files show it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EventField {
    /// As in C.
    pub type_name: StringView,
    /// In the record.
    pub name: StringView,
    /// From the record's begin.
    pub offset: u16,
    /// In bytes.
    pub size: u16,
    /// It can be negative.
    pub is_signed: bool,
    /// What it holds.
    pub kind: FieldKind,
}

/// What each record begins with: Linux's common fields.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EventHeader {
    /// The event's id.
    pub type_id: u16,
    /// Linux's trace_flag_type.
    pub flags: u8,
    /// Of the context.
    pub preempt_count: u8,
    /// Of the task.
    pub pid: i32,
}

/// What a tracepoint is: never changes.
#[repr(C)]
pub struct TracepointInfo {
    /// Events' first name.
    pub system: StringView,
    /// And their second.
    pub name: StringView,
    /// What is behind "print fmt: ".
    pub print_format: StringView,
    /// Without the header's.
    pub fields: Span<EventField>,
    /// How many bytes of text go behind the record, at most.
    pub text_size: Option<unsafe extern "C" fn(arguments: *const u64) -> usize>,
    /// Makes a record whose header is there already.
    pub fill: unsafe extern "C" fn(record: *mut u8, size: usize, arguments: *const u64),
    /// Without text.
    pub record_size: u32,
    /// Those that raw programs may read.
    pub argument_count: u32,
    /// The first argument points to so many bytes that programs may write.
    pub writable_size: u32,
    /// 0.
    pub reserved: u32,
}

// Nothing that it points to ever changes.
unsafe impl Sync for TracepointInfo {}

/// A tracepoint: its address is in the section `ebpf_tracepoints`.
#[repr(C)]
pub struct Tracepoint {
    key: StaticKey,
    info: &'static TracepointInfo,
    // core/tracepoints/tracepoint.cc's.
    consumers: UnsafeCell<*mut ()>,
    missed: UnsafeCell<u64>,
    users: UnsafeCell<u32>,
    id: UnsafeCell<u16>,
    reserved: u16,
    fire: UnsafeCell<*mut ()>,
}

// Core synchronises what it writes there, and nobody here looks.
unsafe impl Sync for Tracepoint {}

impl Tracepoint {
    /// One that nobody wants yet.
    #[doc(hidden)]
    pub const fn new(info: &'static TracepointInfo) -> Tracepoint {
        Tracepoint {
            key: StaticKey(UnsafeCell::new([0; 2])),
            info,
            consumers: UnsafeCell::new(core::ptr::null_mut()),
            missed: UnsafeCell::new(0),
            users: UnsafeCell::new(0),
            id: UnsafeCell::new(0),
            reserved: 0,
            // No place that is written in Rust calls it.
            fire: UnsafeCell::new(core::ptr::null_mut()),
        }
    }

    /// What it is.
    pub fn info(&self) -> &'static TracepointInfo {
        self.info
    }
}

/// What all branches on one key follow.
#[repr(C, align(4))]
pub struct StaticKey(UnsafeCell<[u32; 2]>);

/// A branch, as it is in the section `ebpf_static_sites`: offsets from where
/// each field is.
#[repr(C)]
#[allow(missing_docs)]
pub struct StaticSite {
    pub code_offset: i32,
    pub target_offset: i32,
    pub key_offset: i64,
}

/// Has its callers' blocks put out of the way.
#[doc(hidden)]
#[cold]
#[inline(always)]
pub fn seldom() {}

/// Offsets that the tests compare with C++'s: type, field, offset or size.
#[doc(hidden)]
pub const LAYOUTS: &[(&str, &str, usize)] = &[
    ("StringView", "", size_of::<StringView>()),
    ("StringView", "data", offset_of!(StringView, data)),
    ("StringView", "size", offset_of!(StringView, size)),
    ("Span", "", size_of::<Span<EventField>>()),
    ("Span", "data", offset_of!(Span<EventField>, data)),
    ("Span", "size", offset_of!(Span<EventField>, size)),
    ("EventField", "", size_of::<EventField>()),
    ("EventField", "type", offset_of!(EventField, type_name)),
    ("EventField", "name", offset_of!(EventField, name)),
    ("EventField", "offset", offset_of!(EventField, offset)),
    ("EventField", "size", offset_of!(EventField, size)),
    ("EventField", "is_signed", offset_of!(EventField, is_signed)),
    ("EventField", "kind", offset_of!(EventField, kind)),
    ("EventHeader", "", size_of::<EventHeader>()),
    ("EventHeader", "type", offset_of!(EventHeader, type_id)),
    ("EventHeader", "flags", offset_of!(EventHeader, flags)),
    (
        "EventHeader",
        "preempt_count",
        offset_of!(EventHeader, preempt_count),
    ),
    ("EventHeader", "pid", offset_of!(EventHeader, pid)),
    ("TracepointInfo", "", size_of::<TracepointInfo>()),
    (
        "TracepointInfo",
        "system",
        offset_of!(TracepointInfo, system),
    ),
    ("TracepointInfo", "name", offset_of!(TracepointInfo, name)),
    (
        "TracepointInfo",
        "print_format",
        offset_of!(TracepointInfo, print_format),
    ),
    (
        "TracepointInfo",
        "fields",
        offset_of!(TracepointInfo, fields),
    ),
    (
        "TracepointInfo",
        "text_size",
        offset_of!(TracepointInfo, text_size),
    ),
    ("TracepointInfo", "fill", offset_of!(TracepointInfo, fill)),
    (
        "TracepointInfo",
        "record_size",
        offset_of!(TracepointInfo, record_size),
    ),
    (
        "TracepointInfo",
        "argument_count",
        offset_of!(TracepointInfo, argument_count),
    ),
    (
        "TracepointInfo",
        "writable_size",
        offset_of!(TracepointInfo, writable_size),
    ),
    (
        "TracepointInfo",
        "reserved",
        offset_of!(TracepointInfo, reserved),
    ),
    ("Tracepoint", "", size_of::<Tracepoint>()),
    ("Tracepoint", "key", offset_of!(Tracepoint, key)),
    ("Tracepoint", "info", offset_of!(Tracepoint, info)),
    ("Tracepoint", "consumers", offset_of!(Tracepoint, consumers)),
    ("Tracepoint", "missed", offset_of!(Tracepoint, missed)),
    ("Tracepoint", "users", offset_of!(Tracepoint, users)),
    ("Tracepoint", "id", offset_of!(Tracepoint, id)),
    ("Tracepoint", "reserved", offset_of!(Tracepoint, reserved)),
    ("Tracepoint", "fire", offset_of!(Tracepoint, fire)),
    ("StaticKey", "", size_of::<StaticKey>()),
    ("StaticSite", "", size_of::<StaticSite>()),
    (
        "StaticSite",
        "code_offset",
        offset_of!(StaticSite, code_offset),
    ),
    (
        "StaticSite",
        "target_offset",
        offset_of!(StaticSite, target_offset),
    ),
    (
        "StaticSite",
        "key_offset",
        offset_of!(StaticSite, key_offset),
    ),
];

const _: () = {
    assert!(size_of::<StringView>() == 16 && size_of::<Span<EventField>>() == 16);
    assert!(size_of::<EventField>() == 40);
    assert!(offset_of!(EventField, offset) == 32 && offset_of!(EventField, size) == 34);
    assert!(offset_of!(EventField, is_signed) == 36 && offset_of!(EventField, kind) == 37);
    assert!(size_of::<EventHeader>() == 8 && offset_of!(EventHeader, pid) == 4);
    assert!(size_of::<TracepointInfo>() == 96);
    assert!(offset_of!(TracepointInfo, fields) == 48);
    assert!(offset_of!(TracepointInfo, text_size) == 64);
    assert!(offset_of!(TracepointInfo, fill) == 72);
    assert!(offset_of!(TracepointInfo, record_size) == 80);
    assert!(offset_of!(TracepointInfo, writable_size) == 88);
    assert!(size_of::<Tracepoint>() == 48);
    assert!(offset_of!(Tracepoint, info) == 8 && offset_of!(Tracepoint, id) == 36);
    assert!(size_of::<StaticKey>() == 8 && size_of::<StaticSite>() == 16);
};
