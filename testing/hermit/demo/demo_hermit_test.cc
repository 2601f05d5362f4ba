// SPDX-License-Identifier: MIT
//
// The main job in the real Hermit: programs on its own system calls.
#include "core/memory/allocator.h"
#include "ports/hermit/init.h"
#include "testing/demo/demo.h"
#include "testing/guest/kernel/console.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/workload/workload.h"

namespace hermit {
namespace {

uint64_t CallsOnCpu(demo::Function function, uint32_t /*cpu: Hermit has one*/) {
  switch (function) {
    case demo::Function::kOpen:
      return WorkloadCalls(Call::kOpen);
    case demo::Function::kRead:
      return WorkloadCalls(Call::kRead);
    case demo::Function::kWrite:
      return WorkloadCalls(Call::kWrite);
  }
  return 0;
}

constexpr demo::Environment kEnvironment = {
    .kernel = "Hermit 0.11.0 (the real kernel)",
    .cpu = kCpu,
    .symbols = {"sys_open", "sys_read", "sys_write"},
    .print_line = &guest::PrintLine,
    .start_workload = [] { StartWorkload(); },
    .workload_running = &WorkloadRunning,
    .yield = &sys_yield,
    .calls = &CallsOnCpu,
    .memory_in_use = &ebpf::PortAllocatedBytes,
};

}  // namespace

bool RunApplication() {
  const int error = ebpf_hermit_init();
  if (error != 0) {
    guest::Line() << "[TEST] FAIL ebpf_hermit_init returns " << error;
    return false;
  }
  const bool passed = demo::Run(kEnvironment);
  const bool worked = WorkloadErrors() == 0;
  guest::Line() << (worked ? "[TEST] OK system_calls_gave_right_results"
                           : "[TEST] FAIL system_calls_gave_right_results no");
  return passed && worked;
}

}  // namespace hermit
