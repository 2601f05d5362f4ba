// SPDX-License-Identifier: MIT
//
// A timer of the port, where the kernel's ticks are all that it has, for images
// whose breaks.cc has `forget_the_tick`, and the half of `expire_early` that is
// the same for all: they are linked with --wrap=ebpf_port_timer_start.
// core/selftest has the rest of what timers must do.
#include "core/base/atomic.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "testing/guest/breaks/breaks.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

struct Timed {
  ebpf_timer timer;
  ebpf::Atomic<uint64_t> expired_at{0};
};

void NoteTime(ebpf_timer* timer) {
  reinterpret_cast<Timed*>(timer)->expired_at.Store(ebpf_port_time_ns(),
                                                    ebpf::kRelaxed);
}

constinit Timed near = {.timer = {.expired = NoteTime, .port = {}}};
constinit Timed far = {.timer = {.expired = NoteTime, .port = {}}};

GUEST_TEST(Ticks, ATimerExpiresAtOneAndNoSoonerThanItsTime) {
  constexpr uint64_t kTick = 1'000'000'000 / kTickHertz;
  constexpr uint64_t kHour = 3'600'000'000'000;
  const uint64_t deadline = ebpf_port_time_ns() + 5 * kTick / 2;
  GUEST_ASSERT(ebpf_port_timer_start(&near.timer, deadline, 0));
  GUEST_ASSERT(ebpf_port_timer_start(&far.timer, deadline + kHour, 0));
  // A busy host may keep the clock's ticks back.
  for (int i = 0; i < 50 && near.expired_at.Load(ebpf::kRelaxed) == 0; ++i) {
    SleepTicks(1);
  }
  SleepTicks(2);
  const uint64_t expired_at = near.expired_at.Load(ebpf::kRelaxed);
  GUEST_EXPECT(expired_at != 0);
  GUEST_EXPECT_EQ(far.expired_at.Load(ebpf::kRelaxed), 0);
  GUEST_EXPECT(expired_at >= deadline);
  GUEST_EXPECT_EQ(ebpf_port_timer_stop(&near.timer), 0);
  GUEST_EXPECT_EQ(ebpf_port_timer_stop(&far.timer), 1);
}

}  // namespace
}  // namespace guest

extern "C" {

bool __real_ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                                  uint32_t flags);
bool __wrap_ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                                  uint32_t flags) {
  // At the next tick, whenever it is to be.
  const uint64_t when = guest::IsBroken("expire_early") ? 0 : deadline_ns;
  return __real_ebpf_port_timer_start(timer, when, flags);
}

}  // extern "C"
