// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_KPROBE: programs on kernel functions. The context is the CPU's
// pt_regs, read-only: every aligned read inside it gives a scalar, as in Linux.
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

ContextAnswer Access(const ContextQuery& query) {
  const uint32_t limit = query.context_size;
  const bool inside =
      query.offset <= limit && query.size <= limit - query.offset;
  if (query.write || !inside || query.offset % query.size != 0) {
    return {};
  }
  return {ContextValue::kScalar, query.offset, query.size};
}

}  // namespace

constinit const ProgramType kKprobeType = {ProgramTypeId::kKprobe, "kprobe",
                                           Access};

}  // namespace ebpf
