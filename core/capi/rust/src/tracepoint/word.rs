// SPDX-License-Identifier: MIT
//! A tracepoint's arguments, as raw programs get them: words of 8 bytes.

use core::ffi::{c_char, CStr};

/// What an argument may be. Short ones are followed by zeros, as in C++: an i32
/// of -1 is 0xffffffff.
///
/// # Safety
/// `from_word(to_word(x))` is x.
pub unsafe trait Word: Copy {
    /// As a program reads it.
    fn to_word(self) -> u64;
    /// The other way round.
    ///
    /// # Safety
    /// `word` came from `to_word` of this type, and what it points to is there.
    unsafe fn from_word(word: u64) -> Self;
}

macro_rules! words_of_integers {
    ($($type:ty as $unsigned:ty,)*) => {$(
        unsafe impl Word for $type {
            #[inline(always)]
            fn to_word(self) -> u64 {
                self as $unsigned as u64
            }
            #[inline(always)]
            unsafe fn from_word(word: u64) -> Self {
                word as $type
            }
        }
    )*};
}

words_of_integers! {
    u8 as u8, u16 as u16, u32 as u32, u64 as u64, usize as usize,
    i8 as u8, i16 as u16, i32 as u32, i64 as u64, isize as usize,
}

unsafe impl Word for bool {
    #[inline(always)]
    fn to_word(self) -> u64 {
        self.into()
    }
    #[inline(always)]
    unsafe fn from_word(word: u64) -> Self {
        word != 0
    }
}

unsafe impl<T> Word for *const T {
    #[inline(always)]
    fn to_word(self) -> u64 {
        self as u64
    }
    #[inline(always)]
    unsafe fn from_word(word: u64) -> Self {
        word as *const T
    }
}

unsafe impl<T> Word for *mut T {
    #[inline(always)]
    fn to_word(self) -> u64 {
        self as u64
    }
    #[inline(always)]
    unsafe fn from_word(word: u64) -> Self {
        word as *mut T
    }
}

/// A C string, as where a tracepoint of C++ has `const char*`.
unsafe impl Word for &CStr {
    #[inline(always)]
    fn to_word(self) -> u64 {
        self.as_ptr() as u64
    }
    #[inline(always)]
    unsafe fn from_word(word: u64) -> Self {
        unsafe { CStr::from_ptr(word as *const c_char) }
    }
}

/// Of text without a zero, which is no word itself, where it is.
unsafe impl Word for &&str {
    #[inline(always)]
    fn to_word(self) -> u64 {
        self as *const &str as u64
    }
    #[inline(always)]
    unsafe fn from_word(word: u64) -> Self {
        unsafe { &*(word as *const &str) }
    }
}
