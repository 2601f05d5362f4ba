// SPDX-License-Identifier: MIT
//
// core/platform/timer.h, and calls of other CPUs: at each CPU's ticks.
#include "core/platform/cpu.h"
#include "core/platform/ticks.h"
#include "core/platform/timer.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

constexpr int kMinusNoSuchDevice = -6;

constinit ebpf::Ticks ticks;

// The frame begins with Linux's registers. There are no processes.
void Tick() { ticks.Tick(InterruptedFrame(), false); }

}  // namespace

void StartTimers() { AddTickHook(Tick); }

}  // namespace guest::plain

using namespace guest;
using namespace guest::plain;

extern "C" {

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t /*flags*/) {
  return ticks.Start(timer, deadline_ns);
}

int ebpf_port_timer_stop(ebpf_timer* timer) { return ticks.Stop(timer); }

const void* ebpf_port_interrupted_regs(bool* in_user) {
  return ticks.InterruptedRegs(in_user);
}

int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument) {
  return cpu < OnlineCpus() ? ticks.Call(cpu, function, argument)
                            : kMinusNoSuchDevice;
}

}  // extern "C"
