// SPDX-License-Identifier: MIT
//! The macros that declare a tracepoint and pass it.

/// Declares a tracepoint: a type, for [`trace!`](crate::trace!). In a module, not in
/// a function.
///
/// ```ignore
/// ebpf::tracepoint! {
///     /// A handler of an interrupt is about to run.
///     pub struct IrqHandlerEntry: irq:irq_handler_entry(irq: i32, name: &CStr) {
///         irq: i32 as "int" = irq,
///         name: Text as "__data_loc char[]" = name,
///     }
///     print r#""irq=%d name=%s", REC->irq, __get_str(name)"#;
/// }
/// ```
///
/// In parentheses are its arguments, which raw programs get as words; what they
/// may be is [`Word`](crate::tracepoint::Word). In braces are the fields of its
/// record: name, type ([`Field`](crate::tracepoint::Field)), the type that Linux
/// writes in C (of numbers it may be left out), and the value, an expression of
/// the arguments. It is evaluated in any context, and for text twice. `print` is
/// what a `format` file has behind "print fmt: ".
///
/// Behind the parentheses, `shows 2` says that raw programs may read only the
/// first two arguments, `writes 8` that the first one points to 8 bytes which
/// they may write.
///
/// An array needs its type in C:
///
/// ```compile_fail,E0080
/// ebpf::tracepoint! {
///     struct Numbers: some:numbers(numbers: u64) {
///         numbers: [u64; 2] = [numbers; 2],
///     }
///     print "\"\"";
/// }
/// # fn main() {}
/// ```
///
/// With Rust 1.85 and 1.86 the crate needs `#![feature(asm_goto)]`.
#[macro_export]
macro_rules! tracepoint {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $type:ident:
            $system:ident:$event:ident($($arg:ident: $arg_type:ty),* $(,)?)
            $(shows $shown:literal)? $(writes $writable:literal)?
        {
            $($field:ident: $field_type:ty $(as $c_type:literal)? = $value:expr),* $(,)?
        }
        print $print:expr;
    ) => {
        $(#[$attribute])*
        $visibility struct $type;

        // A module, since that is where assembly may stand; its name is seen nowhere.
        const _: () = { mod event {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use super::*;
            use $crate::tracepoint as declared;

            #[repr(C)]
            struct Record {
                header: declared::EventHeader,
                $($field: <$field_type as declared::Field>::Stored,)*
            }

            const ARGUMENTS: &[&str] = &[$(stringify!($arg)),*];
            const FIELDS: &[declared::EventField] = &[$(
                declared::EventField {
                    type_name: declared::StringView::new(
                        $crate::__c_type!($field_type $(, $c_type)?)
                    ),
                    name: declared::StringView::new(stringify!($field)),
                    offset: core::mem::offset_of!(Record, $field) as u16,
                    size: core::mem::size_of::<
                        <$field_type as declared::Field>::Stored,
                    >() as u16,
                    is_signed: <$field_type as declared::Field>::SIGNED,
                    kind: <$field_type as declared::Field>::KIND,
                },
            )*];
            const HAS_TEXT: bool = false $(|| matches!(
                <$field_type as declared::Field>::KIND,
                declared::FieldKind::DynamicText
            ))*;

            const HAS_HOLES: bool = core::mem::size_of::<Record>()
                != core::mem::size_of::<declared::EventHeader>()
                    $(+ core::mem::size_of::<<$field_type as declared::Field>::Stored>())*;

            const _: () = {
                assert!(ARGUMENTS.len() <= declared::MAX_ARGUMENTS, "too many arguments");
                assert!(core::mem::size_of::<Record>() <= declared::MAX_RECORD);
                assert!(core::mem::align_of::<Record>() <= 8);
                $(assert!($shown <= ARGUMENTS.len());)?
                $(assert!(
                    !$crate::__c_type!($field_type $(, $c_type)?).is_empty(),
                    "this field needs its type in C: `as \"char[16]\"`"
                );)*
            };

            #[allow(unused_variables, unused_mut, clippy::too_many_arguments)]
            fn room($($arg: $arg_type),*) -> usize {
                let mut size = 0;
                $(
                    if matches!(
                        <$field_type as declared::Field>::KIND,
                        declared::FieldKind::DynamicText
                    ) {
                        size += <$field_type as declared::Fill<_>>::room(&$value);
                    }
                )*
                size
            }

            #[allow(unused_variables, clippy::too_many_arguments)]
            fn fill_fields(
                __record: &mut Record,
                __text: &mut declared::RecordText,
                $($arg: $arg_type),*
            ) {
                $(__record.$field =
                    <$field_type as declared::Fill<_>>::fill($value, __text);)*
            }

            #[allow(unused_mut, unused_variables, unused_assignments)]
            unsafe extern "C" fn text_size(words: *const u64) -> usize {
                let mut next = words;
                $(let $arg = unsafe { declared::Word::from_word(*next) };
                next = unsafe { next.add(1) };)*
                room($($arg),*)
            }

            #[allow(unused_mut, unused_variables, unused_assignments)]
            unsafe extern "C" fn fill(record: *mut u8, size: usize, words: *const u64) {
                let mut next = words;
                $(let $arg = unsafe { declared::Word::from_word(*next) };
                next = unsafe { next.add(1) };)*
                let mut text = unsafe {
                    declared::RecordText::new(record, core::mem::size_of::<Record>(), size)
                };
                if HAS_HOLES {
                    // What was there before is not told.
                    let header = core::mem::size_of::<declared::EventHeader>();
                    unsafe {
                        record
                            .add(header)
                            .write_bytes(0, core::mem::size_of::<Record>() - header)
                    };
                }
                let fields = unsafe { &mut *record.cast::<Record>() };
                fill_fields(fields, &mut text, $($arg),*);
                if HAS_TEXT {
                    text.finish();
                }
            }

            static INFO: declared::TracepointInfo = declared::TracepointInfo {
                system: declared::StringView::new(stringify!($system)),
                name: declared::StringView::new(stringify!($event)),
                print_format: declared::StringView::new($print),
                fields: declared::Span::new(FIELDS),
                text_size: if HAS_TEXT { Some(text_size) } else { None },
                fill,
                record_size: core::mem::size_of::<Record>() as u32,
                argument_count: $crate::__first!($($shown,)? ARGUMENTS.len() as u32,),
                writable_size: $crate::__first!($($writable,)? 0,),
                reserved: 0,
            };
            static TRACEPOINT: declared::Tracepoint = declared::Tracepoint::new(&INFO);

            impl $type {
                /// Whether somebody wants it: a no-op in the text, or a jump.
                /// Context: any.
                #[inline(always)]
                #[must_use]
                pub fn is_wanted() -> bool {
                    unsafe { $crate::__static_branch!(TRACEPOINT) };
                    false
                }

                /// Tells whoever wants it; `trace!` calls it. Context: any.
                #[inline(always)]
                #[allow(clippy::too_many_arguments)]
                pub fn fire($($arg: $arg_type),*) {
                    declared::fire(&TRACEPOINT, [$(declared::Word::to_word($arg)),*]);
                }

                /// What core knows of it.
                #[allow(dead_code)]
                pub fn declaration() -> &'static declared::Tracepoint {
                    &TRACEPOINT
                }
            }

            // Kept (`R`), though nothing but the section's begin and end is
            // mentioned.
            core::arch::global_asm!(
                ".pushsection ebpf_tracepoints, \"awR\", %progbits",
                ".balign 8",
                ".quad {tracepoint}",
                ".popsection",
                tracepoint = sym TRACEPOINT,
            );
        } };
    };
}

/// Passes an event: one no-op, and nothing is evaluated, while nobody wants it.
/// Context: any.
#[macro_export]
macro_rules! trace {
    ($event:ty $(, $arg:expr)* $(,)?) => {
        if <$event>::is_wanted() {
            <$event>::fire($($arg),*);
        }
    };
}

/// A field's type in C.
#[doc(hidden)]
#[macro_export]
macro_rules! __c_type {
    ($type:ty) => {
        <$type as $crate::tracepoint::Field>::C_TYPE
    };
    ($type:ty, $c_type:literal) => {
        $c_type
    };
}

/// The first of one or two.
#[doc(hidden)]
#[macro_export]
macro_rules! __first {
    ($first:expr, $($others:expr,)*) => {
        $first
    };
}
