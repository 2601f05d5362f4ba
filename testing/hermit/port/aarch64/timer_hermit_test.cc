// SPDX-License-Identifier: MIT
//
// The timer of ports/hermit, inside the real kernel: what it interrupts does
// not notice, and the kernel's own timer goes on.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "ports/hermit/aarch64/trap_frame.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/aarch64/trap_probe.h"
#include "testing/hermit/port/breakpoint_hook.h"

namespace hermit {
namespace {

using ebpf::hermit::TrapFrame;

constexpr uint64_t kMicrosecond = 1'000;
constexpr uint64_t kMillisecond = 1'000'000;

constexpr uint64_t kFlags = uint64_t{0b1010} << 28;
constexpr uint64_t kFlagsMask = uint64_t{0b1111} << 28;

uint64_t Before(unsigned index) { return 0x3333000000000000 + index; }

/// A timer that starts itself again and again while it lives.
struct Repeated {
  ebpf_timer timer = {.expired = &Expired, .port = {}};
  const uint64_t period;
  uint64_t deadline = 0;
  ebpf::Atomic<bool> runs{true};
  ebpf::Atomic<uint32_t> expired{0};
  /// Of those, which interrupted HermitTestTurns; what the last of these was.
  ebpf::Atomic<uint32_t> in_turns{0};
  TrapFrame seen = {};
  uint64_t least_delay = ~uint64_t{0};

  explicit Repeated(uint64_t period_ns) : period(period_ns) { Start(); }
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
        static_cast<const TrapFrame*>(ebpf_port_interrupted_regs(&in_user));
    GUEST_EXPECT(regs != nullptr && !in_user);
    const auto turn = reinterpret_cast<uintptr_t>(HermitTestTurn);
    if (regs != nullptr && (regs->pc == turn || regs->pc == turn + 4)) {
      self.seen = *regs;
      self.in_turns.FetchAdd(1, ebpf::kRelaxed);
    }
    const uint64_t delay = ebpf_port_time_ns() - self.deadline;
    self.least_delay = ebpf::Min(self.least_delay, delay);
    self.expired.FetchAdd(1, ebpf::kRelaxed);
    if (self.runs.Load(ebpf::kRelaxed)) {
      self.Start();
    }
  }
};

GUEST_TEST(Timer, LeavesEveryRegisterAsItWas) {
  GUEST_ASSERT(PortIsUp());
  Registers in = {};
  for (unsigned i = 0; i < 31; ++i) {
    in.x[i] = Before(i);
  }
  in.x[0] = 5'000'000;
  in.flags = kFlags;
  constexpr Stack kStacks[] = {Stack::kTask, Stack::kKernel};
  for (const Stack stack : kStacks) {
    Repeated ticks(50 * kMicrosecond);
    Registers out = {};
    for (int i = 0; i < 200 && ticks.in_turns.Load(ebpf::kRelaxed) < 100; ++i) {
      HermitTestTurns(&in, &out, stack);
      for (unsigned x = 1; x < 31; ++x) {
        GUEST_EXPECT_EQ(out.x[x], Before(x));
      }
      GUEST_EXPECT_EQ(out.x[0], 0);
      GUEST_EXPECT_EQ(out.flags, kFlags);
    }
    GUEST_EXPECT(ticks.in_turns.Load(ebpf::kRelaxed) >= 100);
    for (unsigned x = 1; x < 31; ++x) {
      GUEST_EXPECT_EQ(ticks.seen.x[x], Before(x));
    }
    GUEST_EXPECT_EQ(ticks.seen.sp, out.sp);
    GUEST_EXPECT_EQ(ticks.seen.pstate & kFlagsMask, kFlags);
    GUEST_EXPECT_EQ(ticks.seen.pstate & 1, static_cast<uint64_t>(stack));
  }
}

GUEST_TEST(Timer, ComesAtItsTimeAndNotAtTicksOfTheKernel) {
  GUEST_ASSERT(PortIsUp());
  Repeated ticks(3 * kMillisecond);
  const uint64_t end = ebpf_port_time_ns() + 20'000 * kMillisecond;
  while (ticks.expired.Load(ebpf::kRelaxed) < 30 && ebpf_port_time_ns() < end) {
    ebpf_port_relax();
  }
  GUEST_EXPECT(ticks.expired.Load(ebpf::kRelaxed) >= 30);
  GUEST_EXPECT(ticks.least_delay < kMillisecond);
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
