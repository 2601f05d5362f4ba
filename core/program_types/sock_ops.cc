// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_SOCK_OPS: events of TCP connections.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kSockOpsFields[] = {
#include "core/program_types/fields/sock_ops.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer SockOpsAccess(const ContextQuery& query) {
  return AccessFields(kSockOpsFields, query);
}

}  // namespace ebpf
