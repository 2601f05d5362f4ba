// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_KPROBE: programs on kernel functions. The context is the CPU's
// pt_regs, read-only: every aligned read inside it gives a scalar, as in Linux.
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

ContextAccess Access(uint32_t offset, uint32_t size, bool write,
                     uint32_t context_size) {
  const bool inside = offset <= context_size && size <= context_size - offset;
  if (write || !inside || offset % size != 0) {
    return ContextAccess::kRefused;
  }
  return ContextAccess::kScalar;
}

}  // namespace

constinit const ProgramType kKprobeType = {ProgramTypeId::kKprobe, "kprobe",
                                           Access};

}  // namespace ebpf
