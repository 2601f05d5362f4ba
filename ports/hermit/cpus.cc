// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit, whose feature `smp` starts several CPUs: each
// has its own trap vector, timer and tasks, which never go on on another. It
// switches tasks at the end of any interrupt, and nowhere else unasked: who
// keeps them masked keeps the CPU.
#include "core/base/noprobe.h"
#include "core/platform/armed_timers.h"
#include "core/platform/cpu.h"
#include "core/platform/gathered_cpus.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/start.h"

namespace {

bool StartOn(uint32_t cpu, void (*function)(uintptr_t unused)) {
  constexpr uint8_t kPriority = 3;  // before what else starts
  return ebpf::hermit::StartTask(function, kPriority, cpu);
}

/// Another CPU asks where no trap's frame tells. Context: idle task, interrupts
/// masked.
void AskedInIdle() {
  ebpf::StandStill(0);
  ebpf::TickArmedTimers(nullptr);
}

void Enter() {
  ebpf::hermit::EnterCpu();
  ebpf_hermit_enter_cpu(&AskedInIdle);
}

}  // namespace

constinit const ebpf::GatheredCpus ebpf::gathered_cpus = {
    .start_on = &StartOn,
    .wait = [] { sys_usleep(10'000); },
    .prepare = &hermit::PrepareCpu,
    .enter = &Enter,
    .interrupt = &ebpf_hermit_interrupt_cpu};

extern "C" EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  return ebpf::gathered_cpu_count == 1 ? 0 : ebpf_hermit_cpu_id();
}
