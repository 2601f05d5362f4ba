// SPDX-License-Identifier: MIT
//
// DragonOS preempts kernel code at the end of an interrupt and lists nobody's
// pc. The kernel tells of each interruption instead.
#include "core/platform/told_interruptions.h"
#include "machine/interrupts.h"
#include "ports/dragonos/kernel.h"

extern "C" void ebpf_dragonos_resume(size_t interruption) {
  if (interruption != ebpf::Interruptions::kNone) {
    // Until the way out, which unmasks them: who is told to be nowhere any more
    // must be there before the next rendezvous.
    (void)ebpf::machine::MaskInterrupts();
    ebpf::told_interruptions.End(interruption);
  }
}
