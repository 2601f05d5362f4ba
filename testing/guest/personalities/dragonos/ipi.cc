// SPDX-License-Identifier: MIT
//
// The guest has one vector for all interprocessor interrupts, DragonOS one for
// each purpose: here a bit per purpose and CPU tells them apart.
#include "testing/guest/personalities/dragonos/ipi.h"

#include "core/base/atomic.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/thread.h"

namespace guest::dragonos {
namespace {

enum Purpose : uint32_t { kPort = 1, kFlushTlb = 2 };

constinit ebpf::Atomic<uint32_t> pending[kMaxCpus] = {};
constinit ebpf::Atomic<bool> flushing{false};

void Send(uint32_t cpu, Purpose purpose) {
  // Pairs with the acquire in HandleIpi().
  pending[cpu].FetchOr(purpose, ebpf::kRelease);
  machine::SendIpi(cpu);
}

}  // namespace

void FlushTlbOfOthers() {
  // Two at once would wait for each other's CPU, with interrupts on: fine. The
  // flag only keeps their pending bits apart.
  while (flushing.Exchange(true, ebpf::kAcquire)) {
    machine::Relax();
  }
  PreemptDisable();
  const uint32_t self = machine::CpuId();
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    if (cpu == self) {
      continue;
    }
    Send(cpu, kFlushTlb);
    // Pairs with the release in HandleIpi().
    while ((pending[cpu].Load(ebpf::kAcquire) & kFlushTlb) != 0) {
      machine::Relax();
    }
  }
  PreemptEnable();
  flushing.Store(false, ebpf::kRelease);
}

void HandleIpi(dragonos_trap_frame* frame) {
  const uint32_t cpu = machine::CpuId();
  const uint32_t purposes = pending[cpu].Load(ebpf::kAcquire);
  if ((purposes & kFlushTlb) != 0) {
    machine::FlushTlb(0, SIZE_MAX);
    // Pairs with the acquire in FlushTlbOfOthers().
    pending[cpu].FetchAnd(~uint32_t{kFlushTlb}, ebpf::kRelease);
  }
  if ((purposes & kPort) != 0) {
    pending[cpu].FetchAnd(~uint32_t{kPort}, ebpf::kRelaxed);
    ebpf_dragonos_ipi(frame);
  }
}

}  // namespace guest::dragonos

extern "C" void dragonos_send_ipi(uint32_t cpu) {
  guest::dragonos::Send(cpu, guest::dragonos::kPort);
}
