// SPDX-License-Identifier: MIT
//
// What a type of program may see and call.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// The types by their number in Linux's `enum bpf_prog_type`.
enum class ProgramTypeId : uint32_t {
#define EBPF_PROGRAM_TYPE(number, name) k##name = number,
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE
};

/// How a load from the context is judged.
enum class ContextAccess : uint8_t { kRefused, kScalar };

/// One row of program_types.def, with the rules behind it.
struct ProgramType {
  ProgramTypeId id;
  const char* name;  // as in Linux's libbpf: "kprobe", "socket_filter"

  /// Whether `size` bytes (1, 2, 4, 8) at `offset` of the context may be read
  /// or written. `context_size` is the kprobe context's size on this CPU.
  ContextAccess (*access)(uint32_t offset, uint32_t size, bool write,
                          uint32_t context_size);
};

/// The type with this number, or null.
const ProgramType* FindProgramType(uint32_t number);

}  // namespace ebpf
