// SPDX-License-Identifier: MIT
//
// arch/aarch64/machine/virtual_timer.h's implementation. [arm/aarch64: D11, The
// Generic Timer]
#include "arch/aarch64/machine/virtual_timer.h"

#include "core/base/types.h"
#include "core/platform/time.h"

namespace ebpf::aarch64 {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr uint64_t kNever = ~uint64_t{0};
/// Between two interrupts there is time for what they interrupt, whatever
/// programs ask for.
constexpr uint64_t kSoonest = 20'000;
/// What is further away it is armed for again then: the product below fits.
constexpr uint64_t kLatest = 4 * kNanosecondsPerSecond;

/// CNTV_CTL_EL0.ENABLE, without IMASK.
constexpr uint64_t kEnabled = 1;

void WriteControl(uint64_t control) {
  asm volatile("msr cntv_ctl_el0, %0\n\tisb" : : "r"(control) : "memory");
}

/// The count of the timer itself, which may be less than the physical one.
uint64_t ReadVirtualCounter() {
  uint64_t ticks;
  asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
  return ticks;
}

}  // namespace

void ArmVirtualTimer(uint64_t deadline_ns) {
  if (deadline_ns == kNever) {
    WriteControl(0);
    return;
  }
  const uint64_t now = ebpf_port_time_ns();
  const uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
  const uint64_t ticks = Min(Max(left, kSoonest), kLatest) *
                         CounterFrequency() / kNanosecondsPerSecond;
  const uint64_t at = ReadVirtualCounter() + ticks + 1;
  asm volatile("msr cntv_cval_el0, %0" : : "r"(at) : "memory");
  WriteControl(kEnabled);
}

void StopVirtualTimer() { WriteControl(0); }

}  // namespace ebpf::aarch64
