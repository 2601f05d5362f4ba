// SPDX-License-Identifier: MIT
//
// What the guest kernel tells of itself by Linux's trace events, in images that
// have the functions of core/capi/ebpf_trace.h. In others: nothing.
#pragma once

#include <stdint.h>

#include "testing/guest/kernel/thread.h"

namespace guest {

/// Numbers of interrupts, as the events have them.
inline constexpr int32_t kTimerIrq = 0;
inline constexpr int32_t kIpiIrq = 1;

/// Why a thread stops running, as sched:sched_switch's prev_state has it.
enum class Stop : uint32_t { kReady = 0, kWaits = 1, kEnds = 0x10 };

// Context of all: any.
void TellSwitch(const Thread& from, const Thread& to, Stop why);
void TellWakeup(const Thread& thread);
/// `thread` was made by the one that runs.
void TellNewThread(const Thread& thread);
void TellThreadEnds(const Thread& thread);
void TellThreadGone(const Thread& thread);
void TellIrqEntry(int32_t irq);
void TellIrqExit(int32_t irq);
void TellFault(uintptr_t address, uintptr_t pc, uint64_t error);

}  // namespace guest
