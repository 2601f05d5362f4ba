// SPDX-License-Identifier: MIT
//
// Interrupts after the personality's entry, and the ends that nobody wants.
#include <stdint.h>

#include "core/base/assert.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/trace_events.h"

namespace guest {

void DispatchInterrupt(uintptr_t cause, Interrupted where) {
  const uint32_t cpu = machine::CpuId();
  switch (machine::ClaimInterrupt(cause)) {
    case machine::Interrupt::kTimer:
      TellIrqEntry(kTimerIrq);
      TickThreads(cpu);
      personality::OnTick(cpu);
      TellIrqExit(kTimerIrq);
      break;
    case machine::Interrupt::kIpi:
      TellIrqEntry(kIpiIrq);
      personality::OnIpi(cpu, where.pc, where.sp);
      TellIrqExit(kIpiIrq);
      break;
    case machine::Interrupt::kSpurious:
      break;
  }
}

void UnhandledTrap(const char* what, uintptr_t cause, uintptr_t address,
                   Interrupted where) {
  (Line() << "unhandled trap on cpu " << machine::CpuId() << ": " << what
          << " cause ")
      .Hex(cause);
  ((Line() << "  pc ").Hex(where.pc) << " sp ").Hex(where.sp);
  (Line() << "  address ").Hex(address);
  Panic("unhandled trap");
}

void Panic(const char* why) {
  // A second panic, in this one, goes no further than the exit.
  static constinit ebpf::Atomic<bool> panicked{false};
  (void)machine::IrqSave();
  if (!panicked.Exchange(true, ebpf::kAcqRel)) {
    Line() << "[TEST] FAIL panic " << why;
    FlushConsole();
  }
  machine::Exit(2);
}

}  // namespace guest
