// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_SK_LOOKUP: which socket gets a packet that none is bound for.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kSkLookupFields[] = {
#include "core/program_types/fields/sk_lookup.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer SkLookupAccess(const ContextQuery& query) {
  return AccessFields(kSkLookupFields, query);
}

}  // namespace ebpf
