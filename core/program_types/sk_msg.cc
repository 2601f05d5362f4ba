// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_SK_MSG: messages on their way into a socket.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kSkMsgFields[] = {
#include "core/program_types/fields/sk_msg_md.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer SkMsgAccess(const ContextQuery& query) {
  return AccessFields(kSkMsgFields, query);
}

}  // namespace ebpf
