// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_LIRC_MODE2: one 32-bit sample of an infrared receiver.
#include "core/program_types/rows.h"

namespace ebpf {

ContextAnswer LircMode2Access(const ContextQuery& query) {
  if (query.write || query.offset != 0 || query.size != 4) {
    return {};
  }
  return {ContextValue::kScalar, 0, 4};
}

}  // namespace ebpf
