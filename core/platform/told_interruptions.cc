// SPDX-License-Identifier: MIT
//
// core/platform/told_interruptions.h's implementation.
#include "core/platform/told_interruptions.h"

#include "core/platform/errors.h"
#include "core/platform/text.h"

namespace ebpf {

constinit Interruptions told_interruptions;

}  // namespace ebpf

extern "C" {

ebpf_preemption ebpf_port_preemption() {
  return ebpf::told_interruptions.KnowsAll() ? EBPF_PREEMPTION_LISTED
                                             : EBPF_PREEMPTION_UNKNOWN;
}

int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument) {
  return ebpf::told_interruptions.List(see, argument)
             ? 0
             : ebpf::kMinusNotSupported;
}

}  // extern "C"
