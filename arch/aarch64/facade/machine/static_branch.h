// SPDX-License-Identifier: MIT
//
// Branches on static keys, as AArch64 makes them: the facade `machine/` of
// core/decisions/0004-static-keys.md, of which the build chooses one.
#pragma once

/// Whether `key`, a StaticKey (core/tracepoints/static_key.h) that is a global
/// or part of one, is enabled: in the text a NOP, or a jump to where
/// that is so. Nothing is loaded, and no register is used. Context: any.
///
/// A function of its own that is always inlined, since a label has one place in
/// a function. What is in a section group (`?`) goes with its function, where
/// the linker has several of it; else (`R`) it stays.
#define EBPF_STATIC_BRANCH(key)                                       \
  __builtin_expect(                                                   \
      []() __attribute__((always_inline)) -> bool {                   \
        __asm__ goto(                                                 \
            "661:\n\t"                                                \
            "nop\n\t"                                                 \
            ".pushsection ebpf_static_sites, \"aR?\", %%progbits\n\t" \
            ".balign 8\n\t"                                           \
            ".long 661b - .\n\t"                                      \
            ".long %l[taken] - .\n\t"                                 \
            ".quad %0 - .\n\t"                                        \
            ".popsection"                                             \
            :                                                         \
            : "S"(&(key))                                             \
            :                                                         \
            : taken);                                                 \
        return false;                                                 \
      taken:                                                          \
        return true;                                                  \
      }(),                                                            \
      false)

/// A function that is called from behind branches only (x86-64 has a convention
/// of calls for them). What it may change its callers keep behind the branch.
#define EBPF_BEHIND_BRANCHES
