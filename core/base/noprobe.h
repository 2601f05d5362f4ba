// SPDX-License-Identifier: MIT
//
// Code on which no probe may stand: what runs between a breakpoint trap and the
// per-CPU guard of core/probes, and what makes the displaced instruction
// happen. It all lies in the section ebpf_noprobe.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// A function of that section. It calls only others there and what the audit of
/// archives names (the whole tree's tools/build/archive_audit.py).
#define EBPF_NOPROBE __attribute__((section("ebpf_noprobe"), noinline))

/// A function that becomes part of those that call it, in that section.
#define EBPF_NOPROBE_INLINE __attribute__((always_inline)) inline

// Where the section is. The linker defines these, as the name is an identifier
// of C; a script that puts the section inside of another defines them there.
extern "C" {
[[gnu::visibility(
    "hidden")]] extern const uint8_t __start_ebpf_noprobe[];  // NOLINT
[[gnu::visibility(
    "hidden")]] extern const uint8_t __stop_ebpf_noprobe[];  // NOLINT
}

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

/// Whether any of those bytes is code on which no probe may stand.
inline bool IsNoprobe(uint64_t address, uint64_t size) {
  return TextRange{__start_ebpf_noprobe, __stop_ebpf_noprobe}.Overlaps(address,
                                                                       size);
}

}  // namespace ebpf
