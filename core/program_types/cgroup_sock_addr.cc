// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_CGROUP_SOCK_ADDR: addresses of bind, connect, sendmsg and the
// like. Which of them there is depends on the attach type.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kCgroupSockAddrFields[] = {
#include "core/program_types/fields/sock_addr.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer CgroupSockAddrAccess(const ContextQuery& query) {
  return AccessFields(kCgroupSockAddrFields, query);
}

}  // namespace ebpf
