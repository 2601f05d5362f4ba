// SPDX-License-Identifier: MIT
//
// Start of the port's services, in order.
#include "ports/dragonos/services.h"

#include "ports/dragonos/machine.h"

namespace ebpf::dragonos {

int StartServices() {
  constexpr int kMinusNoMemory = -12;
  constexpr int kMinusInvalid = -22;
  if (!HasBreakpointHook()) {
    return kMinusInvalid;
  }
  MeasureClock();
  OpenSymbols();
  FindPreemptionCounter();
  if (!PrepareTextWrites() || !StartWorker()) {
    return kMinusNoMemory;
  }
  return 0;
}

}  // namespace ebpf::dragonos
