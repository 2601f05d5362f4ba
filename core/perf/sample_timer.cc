// SPDX-License-Identifier: MIT
//
// core/perf/sample_timer.h's implementation.
#include "core/perf/sample_timer.h"

#include "core/perf/sample_memory.h"
#include "core/platform/cpu.h"
#include "core/platform/features.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {

SampleTimer::~SampleTimer() {
  if (allocator_ != nullptr) {
    allocator_->DeleteArray(timers_);
  }
}

Status SampleTimer::Init(int32_t cpu, Allocator& allocator) {
  if ((ebpf_port_features() & EBPF_PORT_TIMERS) == 0) {
    return Status::kNotSupported;
  }
  cpu_ = cpu;
  allocator_ = &allocator;
  timers_ =
      EBPF_TRY(allocator.NewArray<Timer>(cpu < 0 ? ebpf_port_cpu_count() : 1));
  for (Timer& timer : timers_) {
    timer.timer.expired = &Expired;
    timer.owner = this;
  }
  return Status::kOk;
}

void SampleTimer::StartHere(void* timer_at) {
  Timer& timer = *static_cast<Timer*>(timer_at);
  const uint64_t period = timer.owner->period_.Load(kRelaxed);
  timer.deadline = ebpf_port_time_ns() + period;
  timer.was_started =
      ebpf_port_timer_start(&timer.timer, timer.deadline, EBPF_TIMER_THIS_CPU);
}

Status SampleTimer::StartOn(uint32_t cpu, Timer& timer) {
  timer.was_started = false;
  Status status = Status::kOk;
  const uintptr_t preemption = ebpf_port_preempt_disable();
  const bool is_here = ebpf_port_cpu_id() == cpu;
  if (is_here) {
    StartHere(&timer);
  }
  ebpf_port_preempt_enable(preemption);
  if (!is_here) {
    status =
        static_cast<Status>(-ebpf_port_call_on_cpu(cpu, &StartHere, &timer));
  }
  if (IsOk(status) && !timer.was_started) {
    status = Status::kNotSupported;
  }
  return status;
}

Status SampleTimer::Start(uint64_t period) {
  period_.Store(Max(period, kShortestPeriod), kRelaxed);
  runs_.Store(true, kRelaxed);
  if (cpu_ >= 0) {
    return StartOn(static_cast<uint32_t>(cpu_), timers_[0]);
  }
  for (uint32_t cpu = 0; cpu < timers_.size(); ++cpu) {
    const Status status = StartOn(cpu, timers_[cpu]);
    // On a CPU that does not run nothing happens either.
    if (!IsOk(status) && status != Status::kNoSuchDevice) {
      Stop();
      return status;
    }
  }
  return Status::kOk;
}

void SampleTimer::Stop() {
  // What expires now may start itself once more; then it is pending, and is
  // found here.
  runs_.Store(false, kSeqCst);
  for (Timer& timer : timers_) {
    while (ebpf_port_timer_stop(&timer.timer) < 0) {
      ebpf_port_relax();
    }
  }
}

/// The listener was told, since `begin`.
void SampleTimer::StartNext(Timer& timer, uint64_t begin) {
  // As Linux: the next one that is not past, none of those between.
  const uint64_t period = period_.Load(kRelaxed);
  const uint64_t now = ebpf_port_time_ns();
  const uint64_t passed = now > timer.deadline ? now - timer.deadline : 0;
  timer.deadline += (passed / period + 1) * period;
  const uint64_t earliest = sample_memory->Mine().load.Charge(begin, now);
  const bool is_throttled = timer.deadline < earliest;
  timer.deadline = Max(timer.deadline, earliest);
  if (is_throttled != timer.is_throttled && listener_.Throttled(is_throttled)) {
    timer.is_throttled = is_throttled;
  }
  (void)ebpf_port_timer_start(&timer.timer, timer.deadline,
                              EBPF_TIMER_THIS_CPU);
}

void SampleTimer::Expired(ebpf_timer* expired) {
  Timer& timer = *reinterpret_cast<Timer*>(expired);
  SampleTimer& self = *timer.owner;
  const uintptr_t preemption = ebpf_port_preempt_disable();
  {
    const ReadSection reading;
    const uint64_t begin = ebpf_port_time_ns();
    bool in_user = false;
    const auto* regs = static_cast<const machine::PtRegs*>(
        ebpf_port_interrupted_regs(&in_user));
    if (self.runs_.Load(kRelaxed) && self.listener_.TimePassed(regs, in_user) &&
        self.runs_.Load(kRelaxed)) {
      self.StartNext(timer, begin);
    }
  }
  ebpf_port_preempt_enable(preemption);
}

}  // namespace ebpf
