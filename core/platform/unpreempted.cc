// SPDX-License-Identifier: MIT
//
// What cpu.h and text.h ask of preemption, whole, for ports to kernels that run
// on one CPU and switch no task inside of kernel code but where it asks for
// that: no interrupt's end does. Then who does not ask keeps the CPU, and
// nothing of the kernel goes on elsewhere but what asks for the list.
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"

extern "C" {

EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable(void) { return 0; }
EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t /*state*/) {}

ebpf_preemption ebpf_port_preemption(void) { return EBPF_PREEMPTION_NONE; }

// The one CPU is the one that asks, in a task.
int ebpf_port_saved_pcs(void (* /*see*/)(void* argument, uintptr_t pc),
                        void* /*argument*/) {
  return 0;
}

}  // extern "C"
