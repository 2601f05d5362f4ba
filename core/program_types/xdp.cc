// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_XDP: packets as the driver has them.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kXdpFields[] = {
#include "core/program_types/fields/xdp_md.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer XdpAccess(const ContextQuery& query) {
  return AccessFields(kXdpFields, query);
}

}  // namespace ebpf
