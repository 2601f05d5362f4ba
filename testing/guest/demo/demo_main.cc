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

constexpr WorkloadPlan kRound = {.threads_per_cpu = 2, .rounds = 100};

void StartRound() {
  if (!StartWorkload(kRound)) {
    Panic("the workload cannot start its threads");
  }
}

/// Ends the round as well, so that its threads' memory is given back.
bool RoundRunning() {
  if (WorkloadRunning()) {
    return true;
  }
  JoinWorkload();
  return false;
}

uint64_t Calls(demo::Function function, uint32_t cpu) {
  const WorkloadTruth truth = WorkloadTruthOf(cpu);
  switch (function) {
    case demo::Function::kOpen:
      return truth.opens;
    case demo::Function::kRead:
      return truth.reads;
    case demo::Function::kWrite:
      return truth.writes;
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
      .workload_running = &RoundRunning,
      .yield = &YieldOrWait,
      .calls = &Calls,
      .memory_in_use = &MemoryInUse,
  };
  return demo::Run(environment);
}

}  // namespace guest
