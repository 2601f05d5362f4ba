// SPDX-License-Identifier: MIT
//
// The virtual timer: Hermit itself uses the physical one only. vectors.S asks
// it whether an interrupt is ours. Once it is armed anew it asks no more, so
// the kernel, which is called next, finds what else has come, or nothing.
// And the clock, the counter that the kernel's own reads.
// [arm/aarch64: D11, The Generic Timer]
#include "core/base/types.h"
#include "core/platform/time.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
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

void ArmTimer(uint64_t deadline_ns) {
  if (deadline_ns == kNever) {
    WriteControl(0);
    return;
  }
  const uint64_t now = ebpf_port_time_ns();
  const uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
  const uint64_t ticks = Min(Max(left, kSoonest), kLatest) * TicksPerSecond() /
                         kNanosecondsPerSecond;
  const uint64_t at = ReadVirtualCounter() + ticks + 1;
  asm volatile("msr cntv_cval_el0, %0" : : "r"(at) : "memory");
  WriteControl(kEnabled);
}

uint64_t ReadTicks() {
  uint64_t ticks;
  // Without the barrier the counter may be read before what comes first.
  asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
  return ticks;
}

uint64_t TicksPerSecond() {
  uint64_t frequency;  // below 2^32
  asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency;
}

bool StartTimer() {
  WriteControl(0);
  return ebpf_hermit_enable_virtual_timer();
}

}  // namespace ebpf::hermit
