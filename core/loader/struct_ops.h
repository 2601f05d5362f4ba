// SPDX-License-Identifier: MIT
//
// Which operation of which of the kernel's tables a program implements: the
// variables of section ".struct_ops" point to programs.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/loader/kernel.h"
#include "core/loader/object_file.h"

namespace ebpf::loader {

struct Operation {
  btf::TypeId table;  // struct in the kernel's BTF
  uint32_t member;
};

/// Finds the first place that refers to `program`. kNotFound: none does, or
/// the kernel has no such table or member; kInvalid; with a line in `log`.
/// Context: task.
Result<Operation> FindOperation(const ObjectFile& object,
                                const ProgramDefinition& program,
                                const Kernel& kernel, TextWriter& log);

}  // namespace ebpf::loader
