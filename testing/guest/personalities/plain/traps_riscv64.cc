// SPDX-License-Identifier: MIT
//
// testing/guest/personalities/plain/traps.h for RISC-V.
#include "core/base/noprobe.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/trace_events.h"
#include "testing/guest/personalities/plain/trap_frame_riscv64.h"
#include "testing/guest/personalities/plain/traps.h"
#include "testing/guest/riscv64/csr.h"

namespace guest::plain {
namespace {

using namespace guest::riscv64;

// Set once, before other CPUs start or before a breakpoint is planted.
constinit BreakpointHook breakpoint_hook = nullptr;
constinit FaultHook fault_hook = nullptr;

// Each is its CPU's.
constinit const TrapFrame* interrupted_frames[kMaxCpus] = {};

Interrupted WhereOf(const TrapFrame& frame) { return {frame.pc, frame.x[1]}; }

const char* NameOf(uintptr_t cause) {
  switch (cause) {
    case kCauseStorePageFault:
    case kCauseStoreFault:
    case kCauseStoreMisaligned:
      return "store fault";
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

void HandleFault(TrapFrame& frame) {
  if (fault_hook != nullptr && fault_hook(frame)) {
    return;
  }
  uintptr_t fixup = machine::FaultFixup(frame.pc, &frame.x[1]);
  if (fixup == 0) {
    UnhandledTrap(NameOf(frame.cause), frame.cause, frame.fault_address,
                  WhereOf(frame));
  }
  TellFault(frame.fault_address, frame.pc, frame.cause);
  frame.pc = fixup;
}

EBPF_NOPROBE void HandleBreakpoint(TrapFrame& frame) {
  if (breakpoint_hook == nullptr || !breakpoint_hook(frame)) {
    // Both low bits are set in what has four bytes. [riscv/unpriv: C extension]
    const auto first = *reinterpret_cast<const volatile uint8_t*>(frame.pc);
    frame.pc += (first & 3) == 3 ? 4 : 2;
  }
}

void HandleInterrupt(const TrapFrame& frame) {
  const Interruption interruption(frame.pc);
  // Interrupts are off: no other one comes before it is null again.
  const uint32_t cpu = machine::CpuId();
  interrupted_frames[cpu] = &frame;
  DispatchInterrupt(frame.cause, WhereOf(frame));
  interrupted_frames[cpu] = nullptr;
  PreemptIfDue();
}

}  // namespace

void SetBreakpointHook(BreakpointHook hook) { breakpoint_hook = hook; }
void SetFaultHook(FaultHook hook) { fault_hook = hook; }
const TrapFrame* InterruptedFrame() {
  return interrupted_frames[machine::CpuId()];
}

extern "C" EBPF_NOPROBE void PlainTrap(TrapFrame* frame) {
  if (frame->cause == kCauseBreakpoint) {
    HandleBreakpoint(*frame);
  } else if ((frame->cause & kCauseInterrupt) != 0) {
    HandleInterrupt(*frame);
  } else {
    HandleFault(*frame);
  }
}

}  // namespace guest::plain
