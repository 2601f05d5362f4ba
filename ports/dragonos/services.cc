// SPDX-License-Identifier: MIT
//
// Start of the port's services, in order.
#include "ports/dragonos/services.h"

namespace ebpf::dragonos {

int StartServices() {
  constexpr int kMinusNoMemory = -12;
  MeasureClock();
  OpenSymbols();
  if (!PrepareTextAlias() || !StartWorker()) {
    return kMinusNoMemory;
  }
  return 0;
}

}  // namespace ebpf::dragonos
