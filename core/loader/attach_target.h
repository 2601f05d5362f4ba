// SPDX-License-Identifier: MIT
//
// What BPF_PROG_LOAD is told of the place that a program is made for, from the
// name of its section.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/kernel.h"
#include "core/loader/object_file.h"

namespace ebpf::loader {

/// Sets type, expected_attach_type, attach_btf_id and flags of `attr`.
/// kNotFound where the kernel has no such function, tracepoint, hook, iterator
/// or operation, with a line in `log`; kInvalid. Context: task.
Status SetTarget(const ObjectFile& object, const ProgramDefinition& program,
                 const Kernel& kernel, linux_abi::ProgLoadAttr& attr,
                 TextWriter& log);

}  // namespace ebpf::loader
