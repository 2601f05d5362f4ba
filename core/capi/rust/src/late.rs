// SPDX-License-Identifier: MIT
//! What only a kernel's second link has, as tables of its own functions.

/// Makes `fn name() -> Option<[usize; N]>`: the addresses of N symbols, None if
/// one of them is not linked. (References to weak symbols are assembly in Rust.)
///
/// ```
/// mod tables {
///     ebpf::late_symbols!(pub fn nothing: not_linked, not_linked_either);
/// }
/// assert_eq!(tables::nothing(), None::<[usize; 2]>);
/// ```
#[macro_export]
macro_rules! late_symbols {
    ($visibility:vis fn $name:ident: $($symbol:ident),+) => {
        core::arch::global_asm!(
            ".pushsection .data.rel.ro.ebpf_late, \"aw\"",
            ".balign 8",
            concat!(".globl ebpf_late_", stringify!($name)),
            concat!("ebpf_late_", stringify!($name), ":"),
            $(concat!(".weak ", stringify!($symbol)),
            concat!(".8byte ", stringify!($symbol)),)+
            ".popsection",
        );

        $visibility fn $name() -> Option<[usize; [$(stringify!($symbol)),+].len()]> {
            unsafe extern "C" {
                #[link_name = concat!("ebpf_late_", stringify!($name))]
                static TABLE: [usize; [$(stringify!($symbol)),+].len()];
            }
            // Of a kind that the linker knows alone.
            let table = unsafe { (&raw const TABLE).read_volatile() };
            (!table.contains(&0)).then_some(table)
        }
    };
}
