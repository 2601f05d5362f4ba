// SPDX-License-Identifier: MIT
//
// What SEC("...") says of a program.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/program_types/program_type.h"

namespace ebpf::loader {

struct ProgramSection {
  ProgramTypeId type;
  /// Of a kprobe: the function, empty when it is given at the attach, and the
  /// offset in it.
  StringView function;
  uint64_t offset;
};

/// Reads libbpf's names: "kprobe", "kprobe/function", "kprobe/function+offset"
/// (decimal, or hexadecimal with 0x), "socket". kNotSupported for the names of
/// libbpf that this tree has no program type or probe for; kInvalid for a
/// malformed offset; kNotFound for any other name.
Result<ProgramSection> ParseProgramSection(StringView name);

}  // namespace ebpf::loader
