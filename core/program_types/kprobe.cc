// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_KPROBE: programs on kernel functions. The context is the CPU's
// pt_regs, read-only: every aligned read inside it gives a scalar, as in Linux.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {

ContextAnswer KprobeAccess(const ContextQuery& query) {
  return query.write ? ContextAnswer()
                     : AccessWords(query, 0, query.context_size);
}

}  // namespace ebpf
