// SPDX-License-Identifier: MIT
//
// DragonOS's trap handlers on RISC-V, as far as a probe meets them.
#include <stdint.h>

#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/trace_events.h"
#include "testing/guest/personalities/dragonos/interruption.h"
#include "testing/guest/personalities/dragonos/softirq.h"
#include "testing/guest/riscv64/csr.h"

/// What may not be probed: see dragonos_no_probe().
#define DRAGONOS_ENTRY [[gnu::section(".text.entry"), gnu::noinline]]

namespace guest {
namespace {

using namespace guest::riscv64;
using Frame = dragonos_trap_frame;

Interrupted WhereOf(const Frame& frame) { return {frame.epc, frame.x[1]}; }

/// The real one writes a line, if that, and spins for ever: it has no handler.
const char* NameOf(uintptr_t cause) {
  switch (cause) {
    case kCauseBreakpoint:
      return "breakpoint (DragonOS would take it again for ever)";
    case kCauseStorePageFault:
    case kCauseStoreFault:
      return "store fault";
    case kCauseLoadPageFault:
    case kCauseLoadFault:
      return "load fault";
    case kCauseIllegal:
      return "illegal instruction";
    default:
      return "exception";
  }
}

/// The hook, then the guest's own tests, then the end.
DRAGONOS_ENTRY void DoException(Frame* frame) {
  if (ebpf_dragonos_exception(frame)) {
    return;
  }
  const uintptr_t fixup = frame->cause == kCauseBreakpoint
                              ? 0
                              : machine::FaultFixup(frame->epc, &frame->x[1]);
  if (fixup == 0) {
    UnhandledTrap(NameOf(frame->cause), frame->cause, frame->badaddr,
                  WhereOf(*frame));
  }
  TellFault(frame->badaddr, frame->epc, frame->cause);
  frame->epc = fixup;
}

/// What lets other tasks run: at the end of each interrupt.
void DoInterrupt(Frame* frame) {
  dragonos::Interruption interruption(frame);
  if (frame->cause == kCauseTimer) {
    ebpf_dragonos_tick(frame);
  }
  DispatchInterrupt(frame->cause, WhereOf(*frame));
  dragonos::RunSoftirq();
  interruption.MayBePreempted();
  PreemptIfDue();
}

}  // namespace

/// For entry_riscv64.S, under the real one's name.
extern "C" DRAGONOS_ENTRY void riscv64_do_irq(Frame* frame) {
  if ((frame->cause & kCauseInterrupt) != 0) {
    DoInterrupt(frame);
  } else {
    DoException(frame);
  }
}

}  // namespace guest
