// SPDX-License-Identifier: MIT
//
// Alien's handling of traps taken in the kernel, and the port's hooks in
// it. Functions that the port must know by name have the kernel's names.
#include "ports/alien/hooks.h"
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/trace_events.h"
#include "testing/guest/personalities/alien/ksync.h"
#include "testing/guest/personalities/alien/stack_check.h"
#include "testing/guest/riscv64/csr.h"

namespace guest::alien {
namespace {

using namespace guest::riscv64;

static_assert(sizeof(alien_ktrap_frame) == 272);

/// What the two slots that kernel_v does not store hold: garbage.
constexpr uintptr_t kGarbage = 0xdead'dead'dead'dead;

uintptr_t ReadFaultAddress() {
  uintptr_t address;
  asm volatile("csrr %0, stval" : "=r"(address));
  return address;
}

uintptr_t ReadCause() {
  uintptr_t cause;
  asm volatile("csrr %0, scause" : "=r"(cause));
  return cause;
}

Interrupted WhereOf(const alien_ktrap_frame* frame) {
  return {frame->sepc, reinterpret_cast<uintptr_t>(frame + 1)};
}

const char* NameOf(uintptr_t cause) {
  switch (cause) {
    case kCauseStorePageFault:
    case kCauseStoreFault:
      return "store fault (Alien would log it and try again for ever)";
    case kCauseLoadPageFault:
    case kCauseLoadFault:
    case kCauseLoadMisaligned:
      return "load fault";
    case kCauseFetchPageFault:
    case kCauseFetchFault:
      return "fetch fault";
    case kCauseIllegal:
      return "illegal instruction";
    default:
      return "exception";
  }
}

bool PortHandlesFault(alien_ktrap_frame* frame) {
  ProbeScope probe;
  return ebpf_alien_kernel_fault(frame);
}

}  // namespace

extern "C" [[gnu::noinline]] void ebreak_handler(alien_ktrap_frame* frame) {
  {
    ProbeScope probe;
    if (ebpf_alien_breakpoint(frame)) {
      return;
    }
  }
  // Alien takes every breakpoint for a c.ebreak.
  frame->sepc += 2;
}

extern "C" [[gnu::noinline]] void do_kernel_handle(alien_ktrap_frame* frame) {
  const uintptr_t cause = ReadCause();
  const uintptr_t address = ReadFaultAddress();
  frame->x[0] = kGarbage;
  frame->x[2] = kGarbage;
  if ((cause & kCauseInterrupt) != 0) {
    DispatchInterrupt(cause, WhereOf(frame));
    if (cause == kCauseTimer) {
      ProbeScope probe;  // the timer may have interrupted who holds a lock
      ebpf_alien_tick(frame);
    }
  } else if (cause == kCauseBreakpoint) {
    ebreak_handler(frame);
  } else if (PortHandlesFault(frame)) {
    // sepc leads on.
  } else if (uintptr_t fixup = machine::FaultFixup(frame->sepc, &frame->x[2])) {
    TellFault(address, frame->sepc, cause);
    frame->sepc = fixup;
  } else {
    UnhandledTrap(NameOf(cause), cause, address, WhereOf(frame));
  }
  // Once, at the end, is enough to see an overrun before or in this trap.
  CheckStackAtTrap(frame);
}

}  // namespace guest::alien
