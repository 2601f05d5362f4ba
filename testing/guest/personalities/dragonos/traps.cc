// SPDX-License-Identifier: MIT
//
// DragonOS's trap handlers, as far as a probe meets them.
#include <stdint.h>

#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/trace_events.h"
#include "testing/guest/personalities/dragonos/int3.h"
#include "testing/guest/personalities/dragonos/interruption.h"
#include "testing/guest/personalities/dragonos/ipi.h"
#include "testing/guest/personalities/dragonos/softirq.h"
#include "testing/guest/x86_64/internal.h"
#include "testing/guest/x86_64/registers.h"
#include "testing/guest/x86_64/trap_gates.h"

/// The port's entry; null in images without one.
extern "C" [[gnu::weak]] void ebpf_breakpoint_entry();

/// What may not be probed: see dragonos_no_probe().
#define DRAGONOS_ENTRY [[gnu::section(".text.entry"), gnu::noinline]]

namespace guest {
namespace {

using Frame = dragonos_trap_frame;
using Handler = void (*)(Frame* frame, uint64_t error_code, uint64_t vector);

/// Breakpoints are swallowed: execution goes on behind them.
DRAGONOS_ENTRY void DoInt3(Frame* frame, uint64_t /*error_code*/,
                           uint64_t /*vector*/) {
  if (dragonos::int3_observer != nullptr) {
    dragonos::int3_observer(*frame);
  }
}

/// As are debug exceptions.
void DoDebug(Frame* /*frame*/, uint64_t /*error_code*/, uint64_t /*vector*/) {}

[[noreturn]] void Unhandled(const char* what, const Frame& frame) {
  UnhandledTrap(what, frame.errcode, x86_64::ReadCr2(),
                {.pc = frame.rip, .sp = frame.rsp});
}

/// Faults of the kernel itself: the hook, then the guest's own tests, then the
/// end. (The real one has user space to look at, too.)
DRAGONOS_ENTRY void DoFault(Frame* frame, uint64_t /*error_code*/,
                            uint64_t vector) {
  if (ebpf_dragonos_fault(frame)) {
    return;
  }
  const dragonos::Interruption interruption(frame);
  const uintptr_t fixup = machine::FaultFixup(frame->rip, &frame->rsp);
  if (fixup == 0) {
    constexpr uint64_t kPageFault = 14;
    Unhandled(vector == kPageFault ? "page fault" : "general protection",
              *frame);
  }
  TellFault(x86_64::ReadCr2(), frame->rip, frame->errcode);
  frame->rip = fixup;
}

/// What every interrupt ends with.
void EndInterrupt(dragonos::Interruption& interruption) {
  dragonos::RunSoftirq();
  interruption.MayBePreempted();
  PreemptIfDue();
}

void DoInterrupt(Frame* frame, uint64_t /*error_code*/, uint64_t vector) {
  dragonos::Interruption interruption(frame);
  if (vector == x86_64::kTimerVector) {
    ebpf_dragonos_tick(frame);
  }
  DispatchInterrupt(vector, {.pc = frame->rip, .sp = frame->rsp});
  EndInterrupt(interruption);
}

void DoIpi(Frame* frame, uint64_t /*error_code*/, uint64_t vector) {
  dragonos::Interruption interruption(frame);
  (void)machine::ClaimInterrupt(vector);
  dragonos::HandleIpi(frame);
  EndInterrupt(interruption);
}

void DoOther(Frame* frame, uint64_t /*error_code*/, uint64_t vector) {
  UnhandledTrap("exception", vector, x86_64::ReadCr2(),
                {.pc = frame->rip, .sp = frame->rsp});
}

struct HandlerTable {
  Handler handlers[256];
};

constexpr HandlerTable MakeTable() {
  HandlerTable table{};
  for (int i = 0; i < 256; ++i) {
    table.handlers[i] = i < 32 ? DoOther : DoInterrupt;
  }
  table.handlers[1] = DoDebug;
  table.handlers[3] = DoInt3;
  table.handlers[13] = DoFault;
  table.handlers[14] = DoFault;
  table.handlers[x86_64::kIpiVector] = DoIpi;
  return table;
}

}  // namespace

/// For entry.S.
extern "C" {
extern constinit const HandlerTable dragonos_handlers;
constinit const HandlerTable dragonos_handlers = MakeTable();
}

namespace dragonos {

constinit void (*int3_observer)(dragonos_trap_frame& frame) = nullptr;

}  // namespace dragonos

namespace x86_64 {

Gate GateOf(uint8_t vector) {
  switch (vector) {
    case 3:
      // Interrupts stay as they are while the kernel handles a breakpoint.
      return ebpf_breakpoint_entry == nullptr
                 ? Gate{.type = GateType::kTrap, .privilege = 3}
                 : Gate{.privilege = 3,
                        .entry =
                            reinterpret_cast<uintptr_t>(ebpf_breakpoint_entry)};
    case 8:
      return {.ist = 1};
    default:
      return {};
  }
}

}  // namespace x86_64
}  // namespace guest
