// SPDX-License-Identifier: MIT
//
// Machines with one timer, which is the kernel's: rust/ebpf/timer.rs has it
// interrupt for both.
#include "core/base/atomic.h"
#include "core/base/types.h"
#include "core/platform/counter_time.h"
#include "core/platform/time.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

constexpr uint64_t kNever = ~uint64_t{0};
constexpr uint64_t kNanosecondsPerMicrosecond = 1'000;
/// Between two interrupts there is time for what they interrupt, whatever
/// programs ask for.
constexpr uint64_t kSoonest = 20'000;

/// How long it took to arm the timer: Hermit 0.11 looks into the device tree
/// each time, on a slow machine for longer than that. What is interrupted gets
/// kShare times as much.
constinit Atomic<uint64_t> arming{0};
constexpr uint64_t kShare = 8;

}  // namespace

bool StartTimer() { return true; }

void ArmTimer(uint64_t deadline_ns) {
  const uint64_t begin = ebpf_port_time_ns();
  const uint64_t soonest =
      begin + (kShare + 1) * arming.Load(kRelaxed) + kSoonest;
  ebpf_hermit_set_timer(
      deadline_ns == kNever
          ? kNever
          : Max(deadline_ns, soonest) / kNanosecondsPerMicrosecond + 1);
  arming.Store(ebpf_port_time_ns() - begin, kRelaxed);
}

}  // namespace ebpf::hermit

uint64_t ebpf::CounterTicksPerSecond() {
  return ebpf_hermit_ticks_per_second();
}
