// SPDX-License-Identifier: MIT
//
// Start of the port's services, in order.
#include "ports/dragonos/services.h"

#include "core/platform/errors.h"
#include "core/platform/measured_time.h"
#include "core/platform/stack_counter.h"
#include "core/platform/tick_timers.h"
#include "core/symbols/blob_symbols.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"

bool ebpf::IsTicking(uint32_t cpu) { return dragonos_cpu_online(cpu); }

namespace ebpf::dragonos {
namespace {

/// The blob of the second link. Without a good one no symbol is found.
void OpenSymbols() {
  const void* data = nullptr;
  size_t size = 0;
  dragonos_symbols(&data, &size);
  if (!OpenBlobSymbols(ConstBytes(static_cast<const uint8_t*>(data), size))) {
    constexpr char kComplaint[] = "ebpf: the kernel's symbol blob is bad\n";
    dragonos_log(kComplaint, sizeof kComplaint - 1);
  }
}

}  // namespace

int StartServices() {
  if (!HasBreakpointHook()) {
    return kMinusInvalid;
  }
  measured_time.Measure(&dragonos_cycles, &dragonos_monotonic_ns);
  OpenSymbols();
  FindStackCounter(dragonos_preempt_counter(), kStackSize,
                   &dragonos_preempt_disable, &dragonos_preempt_enable);
  if (!PrepareTextWrites() || !StartWorker()) {
    return kMinusNoMemory;
  }
  return 0;
}

}  // namespace ebpf::dragonos
