// SPDX-License-Identifier: MIT
//
// Machines with one timer, which is the kernel's: rust/ebpf.rs has it interrupt
// for both.
#include "core/base/types.h"
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

}  // namespace

uint64_t TicksPerSecond() { return ebpf_hermit_ticks_per_second(); }

bool StartTimer() { return true; }

void ArmTimer(uint64_t deadline_ns) {
  ebpf_hermit_set_timer(deadline_ns == kNever
                            ? kNever
                            : Max(deadline_ns, ebpf_port_time_ns() + kSoonest) /
                                      kNanosecondsPerMicrosecond +
                                  1);
}

}  // namespace ebpf::hermit
