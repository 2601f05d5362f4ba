// SPDX-License-Identifier: MIT
//
// The contract of core/platform/timer.h. A port may be as coarse as its
// kernel's ticks, but nothing expires before its time.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/features.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kPatience = 20'000 * kMillisecond;

/// A timer that looks where and when it expires; `timer` comes first.
struct Alarm {
  ebpf_timer timer = {};
  Environment* environment = nullptr;
  uint64_t deadline = 0;
  uint32_t cpu = 0;
  /// How often it starts itself again, a millisecond later each time.
  uint32_t again = 0;
  Atomic<uint32_t> too_early{0};
  Atomic<uint32_t> elsewhere{0};
  Atomic<uint32_t> unmasked{0};
  Atomic<uint32_t> expired{0};

  bool Start(uint64_t deadline_ns) {
    const uintptr_t preemption = ebpf_port_preempt_disable();
    cpu = ebpf_port_cpu_id();
    deadline = deadline_ns;
    const bool started =
        ebpf_port_timer_start(&timer, deadline, EBPF_TIMER_THIS_CPU);
    ebpf_port_preempt_enable(preemption);
    return started;
  }
};

void Expired(ebpf_timer* timer) {
  Alarm& alarm = *reinterpret_cast<Alarm*>(timer);
  if (ebpf_port_time_ns() < alarm.deadline) {
    alarm.too_early.FetchAdd(1, kRelaxed);
  }
  if (ebpf_port_cpu_id() != alarm.cpu) {
    alarm.elsewhere.FetchAdd(1, kRelaxed);
  }
  if (!alarm.environment->InterruptsMasked()) {
    alarm.unmasked.FetchAdd(1, kRelaxed);
  }
  if (alarm.again != 0) {
    --alarm.again;
    alarm.deadline = ebpf_port_time_ns() + kMillisecond;
    (void)ebpf_port_timer_start(timer, alarm.deadline, EBPF_TIMER_THIS_CPU);
  }
  alarm.expired.FetchAdd(1, kRelease);  // pairs with HasExpired
}

void Prepare(Environment& environment, Alarm& alarm) {
  alarm.timer.expired = &Expired;
  alarm.environment = &environment;
  alarm.again = 0;
  alarm.too_early.Store(0, kRelaxed);
  alarm.elsewhere.Store(0, kRelaxed);
  alarm.unmasked.Store(0, kRelaxed);
  alarm.expired.Store(0, kRelaxed);
}

/// Whether it has expired so often before patience is at an end.
bool HasExpired(Environment& environment, const Alarm& alarm, uint32_t times) {
  const uint64_t end = ebpf_port_time_ns() + kPatience;
  while (alarm.expired.Load(kAcquire) < times) {  // pairs with Expired
    if (ebpf_port_time_ns() > end) {
      return false;
    }
    environment.Yield();
  }
  return true;
}

void ExpectGoodManners(Environment& environment, const Alarm& alarm) {
  PORT_EXPECT(environment, alarm.too_early.Load(kRelaxed) == 0);
  PORT_EXPECT(environment, alarm.elsewhere.Load(kRelaxed) == 0);
  PORT_EXPECT(environment, alarm.unmasked.Load(kRelaxed) == 0);
}

bool HasTimers(Environment& environment) {
  if ((ebpf_port_features() & EBPF_PORT_TIMERS) == 0) {
    environment.Skipped("no timers");
    return false;
  }
  return true;
}

void Wait(Environment& environment, uint64_t nanoseconds) {
  const uint64_t end = ebpf_port_time_ns() + nanoseconds;
  while (ebpf_port_time_ns() < end) {
    environment.Yield();
  }
}

// Static: a failed test must not leave a timer on a stack that is gone.
constinit Alarm once = {};
constinit Alarm stopped = {};
constinit Alarm moved = {};
constinit Alarm repeated = {};
constinit Alarm at_work = {};
constinit Alarm many[40] = {};

void ExpiresOnceAndNotBeforeItsTime(Environment& environment) {
  if (!HasTimers(environment)) {
    return;
  }
  Prepare(environment, once);
  PORT_EXPECT(environment, ebpf_port_timer_stop(&once.timer) == 0);
  PORT_ASSERT(environment, once.Start(ebpf_port_time_ns() + 5 * kMillisecond));
  PORT_EXPECT(environment, HasExpired(environment, once, 1));
  Wait(environment, 20 * kMillisecond);
  PORT_EXPECT(environment, once.expired.Load(kAcquire) == 1);
  PORT_EXPECT(environment, ebpf_port_timer_stop(&once.timer) == 0);
  ExpectGoodManners(environment, once);
}

void AStoppedOneDoesNotExpire(Environment& environment) {
  if (!HasTimers(environment)) {
    return;
  }
  Prepare(environment, stopped);
  PORT_ASSERT(environment,
              stopped.Start(ebpf_port_time_ns() + 3'600'000 * kMillisecond));
  PORT_EXPECT(environment, ebpf_port_timer_stop(&stopped.timer) == 1);
  PORT_EXPECT(environment, ebpf_port_timer_stop(&stopped.timer) == 0);
  // One that is nearly due: it has expired, or it never does.
  PORT_ASSERT(environment, stopped.Start(ebpf_port_time_ns() + kMillisecond));
  int pending = ebpf_port_timer_stop(&stopped.timer);
  while (pending < 0) {
    environment.Yield();
    pending = ebpf_port_timer_stop(&stopped.timer);
  }
  const uint32_t expired = stopped.expired.Load(kAcquire);
  PORT_EXPECT(environment, expired + static_cast<uint32_t>(pending) == 1);
  Wait(environment, 20 * kMillisecond);
  PORT_EXPECT(environment, stopped.expired.Load(kAcquire) == expired);
}

void StartingAgainMovesIt(Environment& environment) {
  if (!HasTimers(environment)) {
    return;
  }
  Prepare(environment, moved);
  PORT_ASSERT(environment,
              moved.Start(ebpf_port_time_ns() + 3'600'000 * kMillisecond));
  PORT_ASSERT(environment, moved.Start(ebpf_port_time_ns() + kMillisecond));
  PORT_EXPECT(environment, HasExpired(environment, moved, 1));
  PORT_EXPECT(environment, ebpf_port_timer_stop(&moved.timer) == 0);
  // What is past is due.
  PORT_ASSERT(environment, moved.Start(1));
  PORT_EXPECT(environment, HasExpired(environment, moved, 2));
  ExpectGoodManners(environment, moved);
}

void MayStartItselfAgain(Environment& environment) {
  if (!HasTimers(environment)) {
    return;
  }
  Prepare(environment, repeated);
  repeated.again = 20;
  PORT_ASSERT(environment, repeated.Start(ebpf_port_time_ns() + kMillisecond));
  PORT_EXPECT(environment, HasExpired(environment, repeated, 21));
  PORT_EXPECT(environment, ebpf_port_timer_stop(&repeated.timer) == 0);
  ExpectGoodManners(environment, repeated);
}

void ExpiresWhileATaskWorks(Environment& environment) {
  if (!HasTimers(environment)) {
    return;
  }
  if (!environment.TimersInterrupt()) {
    environment.Skipped("timers do not interrupt");
    return;
  }
  Prepare(environment, at_work);
  at_work.again = 9;
  PORT_ASSERT(environment, at_work.Start(ebpf_port_time_ns() + kMillisecond));
  const uint64_t end = ebpf_port_time_ns() + kPatience;
  while (at_work.expired.Load(kAcquire) < 10 && ebpf_port_time_ns() < end) {
    ebpf_port_relax();  // and never asks for anything else
  }
  PORT_EXPECT(environment, at_work.expired.Load(kAcquire) == 10);
  ExpectGoodManners(environment, at_work);
}

/// Starts every second of `many`, beginning with the `argument`-th, and stays
/// until they have expired.
void StartHalf(void* argument) {
  constexpr size_t kCount = sizeof(many) / sizeof(many[0]);
  const auto first = reinterpret_cast<uintptr_t>(argument);
  for (size_t i = first; i < kCount; i += 2) {
    const uint64_t delay = i * 7919 % kCount * kMillisecond / 4;
    (void)many[i].Start(ebpf_port_time_ns() + delay);
  }
  for (size_t i = first; i < kCount; i += 2) {
    (void)HasExpired(*many[i].environment, many[i], 1);
  }
}

void ManyExpireOnTheCpusThatStartedThem(Environment& environment) {
  if (!HasTimers(environment)) {
    return;
  }
  for (Alarm& alarm : many) {
    Prepare(environment, alarm);
  }
  const uint32_t other = ebpf_port_cpu_count() > 1 ? 1 : 0;
  if (!environment.StartOn(0, StartHalf, nullptr)) {
    environment.Skipped("no tasks");
    return;
  }
  PORT_ASSERT(environment,
              environment.StartOn(other, StartHalf,
                                  reinterpret_cast<void*>(uintptr_t{1})));
  environment.JoinTasks();
  for (const Alarm& alarm : many) {
    PORT_EXPECT(environment, alarm.expired.Load(kAcquire) == 1);
    ExpectGoodManners(environment, alarm);
  }
}

constexpr Case kCases[] = {
    {"Timer.ExpiresOnceAndNotBeforeItsTime", ExpiresOnceAndNotBeforeItsTime},
    {"Timer.AStoppedOneDoesNotExpire", AStoppedOneDoesNotExpire},
    {"Timer.StartingAgainMovesIt", StartingAgainMovesIt},
    {"Timer.MayStartItselfAgain", MayStartItselfAgain},
    {"Timer.ExpiresWhileATaskWorks", ExpiresWhileATaskWorks},
    {"Timer.ManyExpireOnTheCpusThatStartedThem",
     ManyExpireOnTheCpusThatStartedThem},
};

}  // namespace

Span<const Case> TimerCases() { return kCases; }

}  // namespace ebpf::selftest
