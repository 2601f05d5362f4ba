// SPDX-License-Identifier: MIT
//
// Start of the port's services, in order.
#include "ports/dragonos/services.h"

#include <stdint.h>

#include "arch/x86_64/machine/system_registers.h"
#include "ports/dragonos/kernel.h"

namespace ebpf::dragonos {
namespace {

/// Whether the kernel has our entry in the gate of #BP, and its kind is right:
/// emulated instructions write below the interrupted stack pointer, where
/// another entry would have its frame.
bool HasBreakpointGate() {
  constexpr unsigned kBreakpoint = 3;
  const x86_64::Gate& gate = x86_64::InterruptTable()[kBreakpoint];
  return gate.Handler() ==
             reinterpret_cast<uintptr_t>(&ebpf_breakpoint_entry) &&
         gate.MasksAndStays();
}

}  // namespace

int StartServices() {
  constexpr int kMinusNoMemory = -12;
  constexpr int kMinusInvalid = -22;
  if (!HasBreakpointGate()) {
    return kMinusInvalid;
  }
  MeasureClock();
  OpenSymbols();
  FindPreemptionCounter();
  if (!PrepareTextAlias() || !StartWorker()) {
    return kMinusNoMemory;
  }
  return 0;
}

}  // namespace ebpf::dragonos
