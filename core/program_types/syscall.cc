// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_SYSCALL: run by BPF_PROG_TEST_RUN only. The context is memory
// that the caller gives; how much of it the program touches is kept, and
// checked when it is run.
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

constexpr uint32_t kContextEnd = 0xffff;  // Linux's U16_MAX

}  // namespace

ContextAnswer SyscallAccess(const ContextQuery& query) {
  // Only where it begins is bounded, as in Linux.
  if (query.offset >= kContextEnd || query.offset % query.size != 0) {
    return {};
  }
  return {ContextValue::kScalar, query.offset, query.size};
}

}  // namespace ebpf
