// SPDX-License-Identifier: MIT
//
// The main job in the guest kernel: testing/demo over its workload.
#include "testing/demo/demo.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"

namespace guest {
namespace {

constexpr uint32_t kRounds = 100;

void StartRound() {
  if (!StartWorkload(kRounds)) {
    Panic("the workload cannot start its threads");
  }
}

uint64_t Calls(demo::Function function, uint32_t cpu) {
  switch (function) {
    case demo::Function::kOpen:
      return WorkloadCalls(WorkloadFunction::kOpen, cpu);
    case demo::Function::kRead:
      return WorkloadCalls(WorkloadFunction::kRead, cpu);
    case demo::Function::kWrite:
      return WorkloadCalls(WorkloadFunction::kWrite, cpu);
  }
  return 0;
}

uint64_t MemoryInUse() { return Balance().bytes; }

}  // namespace

bool RunTests() {
  const int error = StartEbpf();
  if (error != 0) {
    Line() << "[TEST] FAIL ebpf_starts errno " << -error;
    return false;
  }
  const demo::Environment environment = {
      .kernel = kDemoKernel,
      .cpu = machine::kName,
      .symbols = {"vfs_open", "vfs_read", "vfs_write"},
      .print_line = &PrintLine,
      .start_workload = &StartRound,
      .workload_running = &WorkloadRunning,
      .yield = &YieldOrWait,
      .calls = &Calls,
      .memory_in_use = &MemoryInUse,
  };
  const bool passed = demo::Run(environment);
  const uint64_t errors = WorkloadErrors();
  Line() << (errors == 0 ? "[TEST] OK " : "[TEST] FAIL ")
         << "probed_functions_give_right_results " << errors;
  return passed && errors == 0;
}

}  // namespace guest
