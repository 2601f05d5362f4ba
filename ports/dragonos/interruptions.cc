// SPDX-License-Identifier: MIT
//
// core/platform/text.h's saved pcs on DragonOS, which preempts kernel code at
// the end of an interrupt and lists nobody's pc. The kernel tells of each
// interruption instead.
#include "ports/dragonos/interruptions.h"

#include "core/platform/text.h"
#include "machine/interrupts.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"

using ebpf::Interruptions;
using ebpf::dragonos::interruptions;

namespace ebpf::dragonos {

constinit Interruptions interruptions;

}  // namespace ebpf::dragonos

extern "C" {

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  using namespace ebpf::dragonos;
  return IsKernels(*frame) ? interruptions.Begin(frame, PcOf(*frame))
                           : Interruptions::kNone;
}

void ebpf_dragonos_resume(size_t interruption) {
  if (interruption != Interruptions::kNone) {
    // Until the way out, which unmasks them: who is told to be nowhere any more
    // must be there before the next rendezvous.
    (void)ebpf::machine::MaskInterrupts();
    interruptions.End(interruption);
  }
}

ebpf_preemption ebpf_port_preemption() {
  return interruptions.KnowsAll() ? EBPF_PREEMPTION_LISTED
                                  : EBPF_PREEMPTION_UNKNOWN;
}

int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument) {
  constexpr int kMinusNotSupported = -95;
  return interruptions.List(see, argument) ? 0 : kMinusNotSupported;
}

}  // extern "C"
