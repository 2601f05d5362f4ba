// SPDX-License-Identifier: MIT
//
// Without the host port, which has timers: a clock that the test sets, and a
// timer that says what it was armed for.
#include "core/platform/armed_timers.h"

#include <functional>
#include <stdlib.h>
#include <utility>

#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "gtest/gtest.h"

namespace {

constexpr uint64_t kNever = ~uint64_t{0};

uint64_t now = 1'000;
int masked = 0;
uint64_t armed = 0;
/// What a probe in there does, once.
std::function<void()> while_arming;

void Arm(uint64_t deadline_ns) {
  EXPECT_NE(masked, 0);
  armed = deadline_ns;
  if (const auto probe = std::exchange(while_arming, nullptr)) {
    probe();
  }
}

int expired = 0;
const void* seen_regs = nullptr;

void Expire(ebpf_timer* /*timer*/) {
  ++expired;
  bool in_user = true;
  seen_regs = ebpf_port_interrupted_regs(&in_user);
  EXPECT_FALSE(in_user);
}

void Tick(const void* regs) {
  ++masked;
  ebpf::TickArmedTimers(regs);
  --masked;
}

}  // namespace

constinit const ebpf::ArmedTimers ebpf::armed_timers = {
    .arm = &Arm, .interrupt = [](uint32_t /*cpu*/) {}};

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
uint32_t ebpf_port_cpu_id() { return 0; }
uint32_t ebpf_port_cpu_count() { return 1; }
uintptr_t ebpf_port_irq_save() { return static_cast<uintptr_t>(masked++); }
void ebpf_port_irq_restore(uintptr_t state) {
  masked = static_cast<int>(state);
}
uint64_t ebpf_port_time_ns() { return now; }

}  // extern "C"

namespace ebpf {
namespace {

/// One after another: a CPU has one timer.
TEST(ArmedTimersTest, IsArmedForTheEarliest) {
  ebpf_timer late = {&Expire, {}};
  ebpf_timer early = {&Expire, {}};
  EXPECT_FALSE(HasArmedTimers());
  EXPECT_FALSE(ebpf_port_timer_start(&late, 5'000, 0));
  EXPECT_EQ(armed, 0u);

  OpenArmedTimers();
  EXPECT_TRUE(HasArmedTimers());
  EXPECT_TRUE(ebpf_port_timer_start(&late, 5'000, 0));
  EXPECT_EQ(armed, 5'000u);
  EXPECT_TRUE(ebpf_port_timer_start(&early, 3'000, 0));
  EXPECT_EQ(armed, 3'000u);
  EXPECT_EQ(masked, 0);

  now = 3'000;
  const int regs = 0;
  Tick(&regs);
  EXPECT_EQ(expired, 1);
  EXPECT_EQ(seen_regs, &regs);
  EXPECT_EQ(armed, 5'000u);
  now = 5'000;
  Tick(nullptr);
  EXPECT_EQ(expired, 2);
  EXPECT_EQ(armed, kNever);
  EXPECT_EQ(ebpf_port_timer_stop(&late), 0);
}

TEST(ArmedTimersTest, IsArmedForWhatAProbeStartsMeanwhile) {
  OpenArmedTimers();
  ebpf_timer late = {&Expire, {}};
  ebpf_timer early = {&Expire, {}};
  while_arming = [&early] { ebpf_port_timer_start(&early, 6'000, 0); };
  EXPECT_TRUE(ebpf_port_timer_start(&late, 9'000, 0));
  EXPECT_EQ(armed, 6'000u);
  EXPECT_EQ(ebpf_port_timer_stop(&early), 1);
  EXPECT_EQ(ebpf_port_timer_stop(&late), 1);
}

}  // namespace
}  // namespace ebpf
