// SPDX-License-Identifier: MIT
//
// Each tick of each CPU looks into the ledger. Stands around
// guest::TickThreads, by its mangled name.
#include <stdint.h>

#include "testing/guest/ledger/events.h"

extern "C" {

void __real__ZN5guest11TickThreadsEj(uint32_t cpu);

void __wrap__ZN5guest11TickThreadsEj(uint32_t cpu) {
  guest::ledger::Tick();
  __real__ZN5guest11TickThreadsEj(cpu);
}

}  // extern "C"
