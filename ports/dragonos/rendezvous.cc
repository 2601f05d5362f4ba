// SPDX-License-Identifier: MIT
//
// Standing still for text that changes, and where interrupted code goes on:
// core/platform/text.h's rendezvous and saved pcs on DragonOS, which preempts
// kernel code at the end of an interrupt and lists nobody's pc. The kernel
// tells of each interruption instead.
#include "ports/dragonos/rendezvous.h"

#include "arch/x86_64/machine/icache.h"
#include "core/base/noprobe.h"
#include "core/platform/interruptions.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"
#include "ports/dragonos/frame.h"
#include "ports/dragonos/kernel.h"

EBPF_NOPROBE_RANGE(ebpf_dragonos_rendezvous_noprobe)

namespace {

using ebpf::Interruptions;
using ebpf::dragonos::IsOfKernel;
using ebpf::dragonos::rendezvous;

constexpr int kMinusBusy = -16;
constexpr int kMinusNotSupported = -95;

constinit Interruptions interruptions;

}  // namespace

namespace ebpf::dragonos {

constinit Rendezvous rendezvous({&dragonos_cpu_online, &dragonos_send_ipi,
                                 &ebpf_sync_insn_stream});

}  // namespace ebpf::dragonos

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  return dragonos_may_rendezvous() ? rendezvous.Stop(function, argument, result)
                                   : kMinusBusy;
}

EBPF_NOPROBE void ebpf_dragonos_ipi(dragonos_trap_frame* frame) {
  if (IsOfKernel(*frame)) {
    interruptions.Check(frame);
  }
  rendezvous.Join();
  ebpf::x86_64::SyncInsnStream();
}

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  return IsOfKernel(*frame) ? interruptions.Begin(frame, frame->rip)
                            : Interruptions::kNone;
}

void ebpf_dragonos_resume(size_t interruption) {
  if (interruption != Interruptions::kNone) {
    // Until iretq, which unmasks them: who is told to be nowhere any more must
    // be there before the next rendezvous.
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
  return interruptions.List(see, argument) ? 0 : kMinusNotSupported;
}

}  // extern "C"
