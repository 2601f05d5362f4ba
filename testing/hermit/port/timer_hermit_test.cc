// SPDX-License-Identifier: MIT
//
// The timer of ports/hermit, inside the real kernel: what it interrupts does
// not notice, and the kernel's own timer goes on.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/port/turns.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

constexpr uint64_t kMicrosecond = 1'000;
constexpr uint64_t kMillisecond = 1'000'000;

/// A timer that starts itself again and again while it lives.
struct Repeated {
  ebpf_timer timer = {.expired = &Expired, .port = {}};
  const uint64_t period;
  uint64_t deadline = 0;
  ebpf::Atomic<bool> runs{true};
  ebpf::Atomic<uint32_t> expired{0};
  /// Of those, which interrupted turns, and how many of these saw other
  /// registers than theirs.
  const uint32_t turning_on;
  ebpf::Atomic<uint32_t> in_turns{0};
  ebpf::Atomic<uint32_t> wrong{0};
  ebpf::Atomic<uint64_t> least_delay{~uint64_t{0}};

  explicit Repeated(uint64_t period_ns, uint32_t stack = 0)
      : period(period_ns), turning_on(stack) {
    Start();
  }
  ~Repeated() {
    runs.Store(false, ebpf::kRelaxed);
    while (ebpf_port_timer_stop(&timer) < 0) {
      ebpf_port_relax();
    }
  }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

  void Start() {
    deadline = ebpf_port_time_ns() + period;
    GUEST_EXPECT(ebpf_port_timer_start(&timer, deadline, EBPF_TIMER_THIS_CPU));
  }

  static void Expired(ebpf_timer* timer) {
    Repeated& self = *reinterpret_cast<Repeated*>(timer);
    bool in_user = true;
    const auto* regs =
        static_cast<const TakenFrame*>(ebpf_port_interrupted_regs(&in_user));
    GUEST_EXPECT(regs != nullptr && !in_user);
    if (regs != nullptr && IsTurning(*regs)) {
      if (!HasTurnsRegisters(*regs, self.turning_on)) {
        self.wrong.FetchAdd(1, ebpf::kRelaxed);
      }
      self.in_turns.FetchAdd(1, ebpf::kRelaxed);
    }
    const uint64_t delay = ebpf_port_time_ns() - self.deadline;
    self.least_delay.Store(
        ebpf::Min(self.least_delay.Load(ebpf::kRelaxed), delay),
        ebpf::kRelaxed);
    self.expired.FetchAdd(1, ebpf::kRelaxed);
    if (self.runs.Load(ebpf::kRelaxed)) {
      self.Start();
    }
  }
};

GUEST_TEST(Timer, LeavesEveryRegisterAsItWas) {
  GUEST_ASSERT(PortIsUp());
  constexpr uint64_t kTurns = 5'000'000;
  constexpr uint32_t kInterrupts = 10;
  // A host that lets QEMU wait has few interrupts come, and many turns.
  constexpr uint64_t kPatience = 20'000 * kMillisecond;
  for (uint32_t stack = 0; stack < kTurnStacks; ++stack) {
    Repeated ticks(50 * kMicrosecond, stack);
    const uint64_t end = ebpf_port_time_ns() + kPatience;
    bool same = true;
    while (same && ticks.in_turns.Load(ebpf::kRelaxed) < kInterrupts &&
           ebpf_port_time_ns() < end) {
      same = Turn(kTurns, stack);
    }
    GUEST_EXPECT(same);
    GUEST_EXPECT(!same || ticks.in_turns.Load(ebpf::kRelaxed) >= kInterrupts);
    GUEST_EXPECT_EQ(ticks.wrong.Load(ebpf::kRelaxed), 0);
  }
}

GUEST_TEST(Timer, ComesAtItsTimeAndNotAtTicksOfTheKernel) {
  GUEST_ASSERT(PortIsUp());
  Repeated ticks(3 * kMillisecond);
  const uint64_t end = ebpf_port_time_ns() + 20'000 * kMillisecond;
  // Most come late where the host lets QEMU wait; at ticks of the kernel each
  // one would, by the rest of 10 ms.
  uint32_t expired = 0;
  uint64_t least_delay = 0;
  do {
    ebpf_port_relax();
    expired = ticks.expired.Load(ebpf::kRelaxed);
    least_delay = ticks.least_delay.Load(ebpf::kRelaxed);
  } while ((expired < 30 || (least_delay >= kMillisecond && expired < 300)) &&
           ebpf_port_time_ns() < end);
  GUEST_EXPECT(expired >= 30);
  GUEST_EXPECT(least_delay < kMillisecond);
}

GUEST_TEST(Timer, ComesInTheIdleTaskToo) {
  GUEST_ASSERT(PortIsUp());
  constexpr uint64_t kSleep = 15 * kMillisecond;
  Repeated ticks(kMillisecond);
  // Where the host takes the CPU away they come late, and fewer.
  int with_ticks = 0;
  for (int i = 0; i < 200 && with_ticks < 5; ++i) {
    const uint64_t begin = ebpf_port_time_ns();
    const uint32_t before = ticks.expired.Load(ebpf::kRelaxed);
    sys_usleep(kSleep / kMicrosecond);  // the kernel's own timer ends it
    GUEST_EXPECT(ebpf_port_time_ns() - begin >= kSleep);
    with_ticks += ticks.expired.Load(ebpf::kRelaxed) >= before + 3 ? 1 : 0;
  }
  GUEST_EXPECT_EQ(with_ticks, 5);
}

}  // namespace
}  // namespace hermit
