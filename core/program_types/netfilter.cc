// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_NETFILTER: two pointers to the kernel's own objects.
#include "core/program_types/rows.h"

namespace ebpf {

ContextAnswer NetfilterAccess(const ContextQuery& query) {
  if (query.write || query.size != 8) {
    return {};
  }
  switch (query.offset) {
    case 0:
      return {ContextValue::kTrustedTyped, 0, 8, "nf_hook_state"};
    case 8:
      return {ContextValue::kTrustedTyped, 8, 8, "sk_buff"};
    default:
      return {};
  }
}

}  // namespace ebpf
