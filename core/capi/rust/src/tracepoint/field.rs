// SPDX-License-Identifier: MIT
//! What fields of records can be, and what they can be made of.

use core::ffi::CStr;

use super::FieldKind;

/// A field's type.
pub trait Field {
    /// What is in the record.
    type Stored: Copy;
    /// How filters see it.
    const KIND: FieldKind;
    /// It can be negative.
    const SIGNED: bool;
    /// Its type where the declaration names none; "" where it has to.
    const C_TYPE: &'static str;
}

/// A field's value can be made of a `V`.
pub trait Fill<V>: Field {
    /// The most bytes that it takes behind the record.
    fn room(_value: &V) -> usize {
        0
    }
    /// What is in the record.
    fn fill(value: V, text: &mut RecordText) -> Self::Stored;
}

macro_rules! integers {
    ($($type:ty: $signed:literal, $c_type:literal;)*) => {$(
        impl Field for $type {
            type Stored = $type;
            const KIND: FieldKind = FieldKind::Integer;
            const SIGNED: bool = $signed;
            const C_TYPE: &'static str = $c_type;
        }
        impl Fill<$type> for $type {
            #[inline(always)]
            fn fill(value: $type, _text: &mut RecordText) -> $type {
                value
            }
        }
    )*};
}

integers! {
    u8: false, "u8";
    u16: false, "u16";
    u32: false, "u32";
    u64: false, "u64";
    usize: false, "unsigned long";
    i8: true, "s8";
    i16: true, "s16";
    i32: true, "int";
    i64: true, "s64";
    isize: true, "long";
    bool: false, "bool";
}

impl<T> Field for *const T {
    type Stored = *const T;
    const KIND: FieldKind = FieldKind::Integer;
    const SIGNED: bool = false;
    const C_TYPE: &'static str = "const void *";
}

impl<T> Fill<*const T> for *const T {
    fn fill(value: *const T, _text: &mut RecordText) -> *const T {
        value
    }
}

/// Of numbers: bytes to a filter.
impl<T: Field<Stored = T> + Copy, const N: usize> Field for [T; N] {
    type Stored = [T; N];
    const KIND: FieldKind = FieldKind::Bytes;
    const SIGNED: bool = T::SIGNED;
    const C_TYPE: &'static str = "";
}

impl<T: Field<Stored = T> + Copy, const N: usize> Fill<[T; N]> for [T; N] {
    fn fill(value: [T; N], _text: &mut RecordText) -> [T; N] {
        value
    }
}

/// Linux's `char[N]`: text in the record itself, cut where it must end.
pub enum Chars<const N: usize> {}

impl<const N: usize> Field for Chars<N> {
    type Stored = [u8; N];
    const KIND: FieldKind = FieldKind::Text;
    const SIGNED: bool = false;
    const C_TYPE: &'static str = "";
}

fn chars<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut field = [0; N];
    let size = text.len().min(N - 1);
    field[..size].copy_from_slice(&text[..size]);
    field
}

impl<const N: usize> Fill<&CStr> for Chars<N> {
    fn fill(value: &CStr, _text: &mut RecordText) -> [u8; N] {
        chars(value.to_bytes())
    }
}

impl<const N: usize> Fill<&str> for Chars<N> {
    fn fill(value: &str, _text: &mut RecordText) -> [u8; N] {
        chars(value.as_bytes())
    }
}

impl<const N: usize> Fill<&&str> for Chars<N> {
    fn fill(value: &&str, _text: &mut RecordText) -> [u8; N] {
        chars(value.as_bytes())
    }
}

/// Linux's `__data_loc char[]`: text behind the record.
pub enum Text {}

impl Field for Text {
    type Stored = u32;
    const KIND: FieldKind = FieldKind::DynamicText;
    const SIGNED: bool = false;
    const C_TYPE: &'static str = "__data_loc char[]";
}

impl Fill<&CStr> for Text {
    fn room(value: &&CStr) -> usize {
        value.count_bytes() + 1
    }
    fn fill(value: &CStr, text: &mut RecordText) -> u32 {
        text.put(value.to_bytes())
    }
}

impl Fill<&str> for Text {
    fn room(value: &&str) -> usize {
        value.len() + 1
    }
    fn fill(value: &str, text: &mut RecordText) -> u32 {
        text.put(value.as_bytes())
    }
}

impl Fill<&&str> for Text {
    fn room(value: &&&str) -> usize {
        value.len() + 1
    }
    fn fill(value: &&str, text: &mut RecordText) -> u32 {
        text.put(value.as_bytes())
    }
}

/// Text behind a record that is being filled.
pub struct RecordText {
    record: *mut u8,
    at: usize,
    size: usize,
}

impl RecordText {
    /// Behind the first `begin` bytes of a record.
    ///
    /// # Safety
    /// `record` has `size` bytes, `begin` or more.
    #[doc(hidden)]
    pub unsafe fn new(record: *mut u8, begin: usize, size: usize) -> RecordText {
        RecordText {
            record,
            at: begin,
            size,
        }
    }

    /// Appends `text` and a zero, as far as there is room; what the field says.
    fn put(&mut self, text: &[u8]) -> u32 {
        if self.at == self.size {
            return self.size as u32; // no text at all
        }
        let length = text.len().min(self.size - self.at - 1);
        unsafe {
            let to = self.record.add(self.at);
            to.copy_from_nonoverlapping(text.as_ptr(), length);
            to.add(length).write(0);
        }
        let location = ((length + 1) << 16 | self.at) as u32;
        self.at += length + 1;
        location
    }

    /// Nothing of what was there before is told.
    #[doc(hidden)]
    pub fn finish(self) {
        unsafe { self.record.add(self.at).write_bytes(0, self.size - self.at) };
    }
}
