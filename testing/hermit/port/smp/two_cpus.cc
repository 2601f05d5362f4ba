// SPDX-License-Identifier: MIT
#include "testing/hermit/port/smp/two_cpus.h"

#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "machine/this_machine.h"
#include "ports/hermit/init.h"
#include "testing/hermit/application/application.h"

namespace hermit {

bool ProbesAreUp() {
  static constinit bool up = false;
  up = up || (ebpf_hermit_start_port() == 0 && ebpf::InitReadSections() &&
              IsOk(ebpf::InitProbes(ebpf::machine::ThisMachine(),
                                    ebpf::PortAllocator())));
  return up;
}

bool RunOnAll(void (*body)(uintptr_t cpu)) {
  int32_t tasks[kCpus];
  bool started = true;
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    tasks[cpu] = SpawnOn(cpu, body, cpu);
    started = started && tasks[cpu] > 0;
  }
  for (int32_t task : tasks) {
    sys_join(task);
  }
  return started;
}

}  // namespace hermit
