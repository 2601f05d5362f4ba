// SPDX-License-Identifier: MIT
//
// Standing still for text that changes: core/platform/text.h's rendezvous on
// DragonOS, by an interprocessor interrupt of our own.
#include "ports/dragonos/x86_64/rendezvous.h"

#include "arch/x86_64/machine/icache.h"
#include "core/base/noprobe.h"
#include "core/platform/text.h"
#include "ports/dragonos/interruptions.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/frame.h"
#include "ports/dragonos/x86_64/kernel.h"

EBPF_NOPROBE_RANGE(ebpf_dragonos_rendezvous_noprobe)

namespace ebpf::dragonos {

constinit Rendezvous rendezvous({&dragonos_cpu_online, &dragonos_send_ipi,
                                 &ebpf_sync_insn_stream});

}  // namespace ebpf::dragonos

using namespace ebpf::dragonos;

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  constexpr int kMinusBusy = -16;
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

}  // extern "C"
