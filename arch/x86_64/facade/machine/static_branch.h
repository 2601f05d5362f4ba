// SPDX-License-Identifier: MIT
//
// Branches on static keys, as x86-64 makes them: the facade `machine/` of
// core/decisions/0004-static-keys.md, of which the build chooses one.
#pragma once

/// Whether `key`, a StaticKey (core/tracepoints/static_key.h) that is a global
/// or part of one, is enabled: in the text a NOP of 5 bytes, or a jump to where
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
            ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t"                  \
            ".pushsection ebpf_static_sites, \"aR?\", %%progbits\n\t" \
            ".balign 8\n\t"                                           \
            ".long 661b - .\n\t"                                      \
            ".long %l[taken] - .\n\t"                                 \
            ".quad %c0 - .\n\t"                                       \
            ".popsection"                                             \
            :                                                         \
            : "i"(&(key))                                             \
            :                                                         \
            : taken);                                                 \
        return false;                                                 \
      taken:                                                          \
        return true;                                                  \
      }(),                                                            \
      false)

/// A function that is called from behind branches only, and saves what it uses
/// of its callers' registers but those of its arguments: so these have nothing
/// to save before a branch for the call that it may lead to. Where the compiler
/// keeps that out of the way by itself, or knows no such convention, it is a
/// function like others.
///
/// (`preserve_most` would save the arguments, too, a store and a load each. GCC
/// has this one for code without vector registers only; where there are any,
/// clang saves them, too, and warns of that.)
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wexcessive-regsave"
#define EBPF_BEHIND_BRANCHES __attribute__((no_caller_saved_registers))
#else
#define EBPF_BEHIND_BRANCHES
#endif
