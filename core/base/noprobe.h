// SPDX-License-Identifier: MIT
//
// Code on which no probe may stand: what runs between a breakpoint trap and the
// per-CPU guard of core/probes, and what makes the displaced instruction
// happen. It all lies in the section .ebpf.noprobe.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// A function of that section. It calls only others there and what the audit of
/// archives names (tools/build/archive_audit.py).
#define EBPF_NOPROBE __attribute__((section(".ebpf.noprobe"), noinline))

/// A function that becomes part of those that call it, in that section.
#define EBPF_NOPROBE_INLINE __attribute__((always_inline)) inline

/// Declares `name`_begin and `name`_end, which EBPF_NOPROBE_RANGE(name)
/// defines.
#define EBPF_NOPROBE_SYMBOLS(name)                                           \
  extern "C" {                                                               \
  __attribute__((visibility("hidden"))) extern const uint8_t name##_begin[]; \
  __attribute__((visibility("hidden"))) extern const uint8_t name##_end[];   \
  }

/// Once in a source that has EBPF_NOPROBE functions, before the first: makes
/// the symbols `name`_begin and `name`_end, around what this source has there.
/// So a kernel's linker script need not know the section. The end is in a
/// subsection, which the assembler puts last.
#define EBPF_NOPROBE_RANGE(name)                                \
  __asm__(                                                      \
      ".pushsection .ebpf.noprobe, \"ax\", %progbits\n"         \
      ".globl " #name "_begin\n.hidden " #name "_begin\n" #name \
      "_begin:\n"                                               \
      ".popsection\n"                                           \
      ".pushsection .ebpf.noprobe, 8191, \"ax\", %progbits\n"   \
      ".globl " #name "_end\n.hidden " #name "_end\n" #name     \
      "_end:\n"                                                 \
      ".popsection\n");

namespace ebpf {

/// Addresses of text, from `begin` up to and without `end`.
struct TextRange {
  const uint8_t* begin;
  const uint8_t* end;

  /// Whether any of the `size` bytes at `address` is inside.
  bool Overlaps(uint64_t address, uint64_t size) const {
    return address < reinterpret_cast<uintptr_t>(end) &&
           reinterpret_cast<uintptr_t>(begin) < address + size;
  }
};

/// Whether any of those bytes is inside of one of them.
template <size_t kCount>
bool AnyOverlaps(const TextRange (&ranges)[kCount], uint64_t address,
                 uint64_t size) {
  for (const TextRange& range : ranges) {
    if (range.Overlaps(address, size)) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf
