// SPDX-License-Identifier: MIT
//
// core/platform/timer.h, and calls of other CPUs: at each CPU's ticks.
#include "core/platform/tick_timers.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

// The frame begins with Linux's registers. There are no processes.
void Tick() { ebpf::tick_timers.Tick(InterruptedFrame(), false); }

}  // namespace

void StartTimers() { AddTickHook(Tick); }

}  // namespace guest::plain

bool ebpf::IsTicking(uint32_t cpu) { return cpu < guest::OnlineCpus(); }
