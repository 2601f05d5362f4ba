// SPDX-License-Identifier: MIT
//
// The guest kernel's workload: Hermit's own system calls.
#include "testing/guest/kernel/workload.h"

#include "testing/hermit/application/application.h"
#include "testing/hermit/workload/workload.h"

namespace guest {
namespace {

struct Function {
  const char* symbol;
  hermit::Call call;
};

Function Of(WorkloadFunction function) {
  switch (function) {
    case WorkloadFunction::kOpen:
      return {"sys_open", hermit::Call::kOpen};
    case WorkloadFunction::kRead:
      return {"sys_read", hermit::Call::kRead};
    case WorkloadFunction::kWrite:
      return {"sys_write", hermit::Call::kWrite};
    case WorkloadFunction::kClose:
      break;
  }
  return {"sys_close", hermit::Call::kClose};
}

}  // namespace

ebpf::StringView WorkloadSymbol(WorkloadFunction function) {
  return Of(function).symbol;
}

uint64_t WorkloadCalls(WorkloadFunction function, uint32_t /*cpu*/) {
  return hermit::WorkloadCalls(Of(function).call);
}

bool StartWorkload(uint32_t rounds) {
  while (hermit::WorkloadRunning()) {
    sys_yield();
  }
  const uint64_t errors = hermit::WorkloadErrors();
  hermit::StartWorkload(rounds);
  return hermit::WorkloadErrors() == errors;
}

void StopWorkload() { hermit::StopWorkload(); }

bool WorkloadRunning() { return hermit::WorkloadRunning(); }

uint64_t WorkloadErrors() { return hermit::WorkloadErrors(); }

}  // namespace guest
