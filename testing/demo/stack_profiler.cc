// SPDX-License-Identifier: MIT
//
// testing/demo/stack_profiler.h's implementation.
#include "testing/demo/stack_profiler.h"

#include "core/linux_abi/perf_event.h"
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "testing/demo/client_calls.h"

namespace demo {

namespace abi = ebpf::linux_abi;

StackProfiler::StackProfiler(ebpf::Client& client, ebpf::TextWriter& log)
    : client_(reinterpret_cast<ebpf_client*>(&client)),
      object_(client, ebpf::PortAllocator(), log) {}

int StackProfiler::Start(uint64_t period_ns) {
  abi::PerfEventAttr attr = {};
  attr.type = abi::kPerfTypeSoftware;
  attr.size = sizeof(attr);
  attr.config = abi::kPerfCpuClock;
  attr.sample_period = period_ns;
  attr.flags = abi::kPerfDisabled;
  clock_ = static_cast<int>(ebpf_perf_event_open(
      client_, reinterpret_cast<uintptr_t>(&attr), -1,
      static_cast<int32_t>(ebpf_port_cpu_id()), -1, abi::kPerfFlagFdCloexec));
  if (clock_ < 0) {
    return clock_;
  }
  const auto program = static_cast<uint64_t>(object_.program(0).fd);
  const int64_t error =
      ebpf_ioctl(client_, clock_, abi::kPerfIocSetBpf, program);
  return static_cast<int>(
      error != 0 ? error : ebpf_ioctl(client_, clock_, abi::kPerfIocEnable, 0));
}

int StackProfiler::Stop() {
  return static_cast<int>(ebpf_close(client_, clock_));
}

profile_totals StackProfiler::Totals() {
  profile_totals totals = {};
  const uint32_t zero = 0;
  (void)LookupElem(client_, *object_.MapFd(".bss"), &zero, &totals);
  return totals;
}

uint64_t StackProfiler::Fold(FoldedStacks& stacks) {
  const int counts = *object_.MapFd("counts");
  uint64_t samples = 0;
  uint32_t id = 0;
  for (const uint32_t* last = nullptr; NextKey(client_, counts, last, &id) == 0;
       last = &id) {
    profile_stack stack = {};
    uint64_t count = 0;
    if (LookupElem(client_, counts, &id, &count) != 0 ||
        LookupElem(client_, *object_.MapFd("stacks"), &id, &stack) != 0) {
      continue;
    }
    uint64_t addresses[PROFILE_DEPTH];
    for (size_t i = 0; i < PROFILE_DEPTH; ++i) {
      addresses[i] = stack.frames[i];
    }
    samples += count;
    stacks.Add(addresses, count);
  }
  return samples;
}

}  // namespace demo
