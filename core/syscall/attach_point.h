// SPDX-License-Identifier: MIT
//
// What a client of BPF_PROG_LOAD says its program is for: attach type, and the
// kernel's or another program's function.
#pragma once

#include "core/files/file.h"
#include "core/linux_abi/bpf.h"
#include "core/program_types/program_type.h"
#include "core/syscall/commands.h"
#include "core/verifier/verifier.h"

namespace ebpf {

struct AttachPoint {
  uint32_t type = 0;  // bpf_attach_type
  verifier::AttachTarget target;
  /// Keeps what `target` points to.
  Ref<File> owner;
};

/// Reads it from `attr`. kInvalid, kBadFd as Linux. Context: task.
Result<AttachPoint> FindAttachPoint(const Call& call,
                                    const linux_abi::ProgLoadAttr& attr,
                                    const ProgramType& type);

}  // namespace ebpf
