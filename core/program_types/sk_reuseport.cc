// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_SK_REUSEPORT: which socket of a group gets a packet.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kSkReuseportFields[] = {
#include "core/program_types/fields/sk_reuseport_md.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer SkReuseportAccess(const ContextQuery& query) {
  return AccessFields(kSkReuseportFields, query);
}

}  // namespace ebpf
