// SPDX-License-Identifier: MIT
//
// Helpers on the timers in maps' values.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/maps/map.h"
#include "core/maps/value_timer.h"
#include "core/program/program.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {
namespace {

uint8_t* AsField(uint64_t timer) { return reinterpret_cast<uint8_t*>(timer); }

}  // namespace

/// long bpf_timer_init(timer, map, clock): -EBUSY if it is one already, -EINVAL
/// (clock), -EPERM (only programs can reach the map), -ENOMEM.
uint64_t TimerInit(uint64_t timer, uint64_t map, uint64_t flags, uint64_t,
                   uint64_t) {
  return AsResult(
      InitTimer(*reinterpret_cast<Map*>(map), AsField(timer), flags));
}

/// long bpf_timer_set_callback(timer, callback): -EINVAL without an init.
/// callback(map, key, value)
uint64_t TimerSetCallback(uint64_t timer, uint64_t function, uint64_t, uint64_t,
                          uint64_t) {
  const RunContext* run = CurrentRun();
  if (run == nullptr) {
    return AsResult(Status::kInvalid);
  }
  // Taking references of a program changes nothing of it.
  auto& program = const_cast<Program&>(*run->program);
  return AsResult(SetTimerFunction(AsField(timer), program, function));
}

/// long bpf_timer_start(timer, nanoseconds, flags): -EINVAL.
uint64_t TimerStart(uint64_t timer, uint64_t ns, uint64_t flags, uint64_t,
                    uint64_t) {
  return AsResult(StartTimer(AsField(timer), ns, flags));
}

/// long bpf_timer_cancel(timer): 1 if it was started, else 0. -EINVAL,
/// -EDEADLK.
uint64_t TimerCancel(uint64_t timer, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Result<bool> was_started = CancelTimer(AsField(timer));
  return was_started.ok() ? (*was_started ? 1 : 0)
                          : AsResult(was_started.status());
}

}  // namespace ebpf::helpers
