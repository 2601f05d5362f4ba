// SPDX-License-Identifier: MIT
//
// Puts a Hermit image, a position-independent ELF file, into memory and
// relocates it. Pure: knows addresses only as numbers, so hosts test it.
#pragma once

#include <stdint.h>

#include "core/base/span.h"

namespace hermit {

/// How ELF names a CPU and its one relocation kind that a Hermit image needs.
struct ElfMachine {
  uint16_t machine;   // e_machine
  uint32_t relative;  // R_*_RELATIVE
};
inline constexpr ElfMachine kElfAarch64 = {183, 1027};
inline constexpr ElfMachine kElfRiscv64 = {243, 3};
inline constexpr ElfMachine kElfX86_64 = {62, 8};

/// A thread-local image, at an address; memory_size 0 if there is none.
struct TlsImage {
  uint64_t begin = 0;
  uint64_t file_size = 0;
  uint64_t memory_size = 0;
  uint64_t align = 0;
};

struct LoadedImage {
  uint64_t size = 0;  // of the memory used, from its start on
  uint64_t entry = 0;
  uint64_t relocation_count = 0;
  TlsImage tls;
};

/// Loads `file` into `memory`, which stands at the address `base`.
///
/// Returns null and fills `*image`, or a sentence that tells why not, with
/// `memory` then undefined. Every offset in the file is checked. Refuses what
/// only a dynamic linker could do: an interpreter, needed libraries, any
/// relocation but the relative one.
const char* LoadImage(ebpf::ConstBytes file, ElfMachine machine,
                      ebpf::Bytes memory, uint64_t base, LoadedImage* image);

}  // namespace hermit
