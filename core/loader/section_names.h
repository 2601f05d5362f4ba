// SPDX-License-Identifier: MIT
//
// What SEC("...") says of a program.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/program_types/program_type.h"

namespace ebpf::loader {

/// What follows the "/" of a section's name.
enum class SectionTarget : uint8_t {
  kNothing,
  kText,           // for whoever attaches it
  kKprobe,         // a function of the kernel, and an offset in it
  kKprobes,        // functions of the kernel, by a pattern (core/base/glob.h)
  kKretprobe,      // a function of the kernel, and (always refused) an offset
  kTracepoint,     // a tracepoint's system, "/" and its name
  kRawTracepoint,  // a tracepoint's name
  kBtf,            // a function of the kernel, by BTF
  kTypedef,        // a tracepoint: btf_trace_<name>
  kLsm,            // a hook: bpf_lsm_<name>
  kIterator,       // bpf_iter_<name>
};

struct ProgramSection {
  ProgramTypeId type;
  SectionTarget target;
  /// bpf_attach_type, as expected_attach_type has it.
  uint32_t attach_type;
  bool sleepable;
  bool has_frags;
  bool at_return;  // of the functions
  /// The section's name begins with "?": only loaded when it is asked for.
  bool only_on_demand;
  /// What it is attached to, of a kprobe the function, of many their pattern;
  /// empty when that is said at the attach. And the offset in it.
  StringView function;
  uint64_t offset;
};

/// Reads libbpf's names (section_names.def). kInvalid for a malformed offset or
/// a target that is missing; kNotFound for any other name.
Result<ProgramSection> ParseProgramSection(StringView name);

}  // namespace ebpf::loader
