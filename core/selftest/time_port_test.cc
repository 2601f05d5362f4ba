// SPDX-License-Identifier: MIT
//
// The contract of core/platform/time.h.
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

void NeverGoesBackOnOneCpu(Environment& environment) {
  const uintptr_t state = ebpf_port_preempt_disable();
  uint64_t last = ebpf_port_time_ns();
  bool went_back = false;
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t now = ebpf_port_time_ns();
    went_back = went_back || now < last;
    last = now;
  }
  ebpf_port_preempt_enable(state);
  PORT_EXPECT(environment, !went_back);
}

void GoesOn(Environment& environment) {
  const uint64_t begin = ebpf_port_time_ns();
  for (int i = 0; i < 1'000'000'000; ++i) {
    if (ebpf_port_time_ns() > begin + 1'000'000) {
      return;
    }
    ebpf_port_relax();
  }
  environment.Failed(__FILE__, __LINE__, "the clock does not go on");
}

void ReadTime(void* argument) {
  *static_cast<uint64_t*>(argument) = ebpf_port_time_ns();
}

void CanBeReadInATrap(Environment& environment) {
  uint64_t inside = 0;
  const uint64_t before = ebpf_port_time_ns();
  if (!environment.CallInTrap(ReadTime, &inside)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, before <= inside);
  PORT_EXPECT(environment, inside <= ebpf_port_time_ns());
}

void RandomNumbersDiffer(Environment& environment) {
  uint64_t numbers[16];
  for (uint64_t& number : numbers) {
    number = ebpf_port_random();
  }
  for (size_t i = 0; i < 16; ++i) {
    for (size_t j = 0; j < i; ++j) {
      PORT_EXPECT(environment, numbers[i] != numbers[j]);
    }
  }
}

constexpr Case kCases[] = {
    {"Time.NeverGoesBackOnOneCpu", NeverGoesBackOnOneCpu},
    {"Time.GoesOn", GoesOn},
    {"Time.CanBeReadInATrap", CanBeReadInATrap, kMayKill},
    {"Time.RandomNumbersDiffer", RandomNumbersDiffer},
};

}  // namespace

Span<const Case> TimeCases() { return kCases; }

}  // namespace ebpf::selftest
