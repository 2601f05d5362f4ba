// SPDX-License-Identifier: MIT
//
// testing/guest/personalities/plain/traps.h for AArch64.
#include "core/base/noprobe.h"
#include "testing/guest/aarch64/registers.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/trace_events.h"
#include "testing/guest/personalities/plain/trap_frame_aarch64.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

using namespace guest::aarch64;

/// What entry_aarch64.S says of a vector.
enum Kind : uint64_t { kSynchronous, kIrq, kFiq, kSystemError, kImpossible };

// Set once, before other CPUs start or before a breakpoint is planted.
constinit BreakpointHook breakpoint_hook = nullptr;
constinit FaultHook fault_hook = nullptr;

// Each is its CPU's.
constinit const TrapFrame* interrupted_frames[kMaxCpus] = {};

Interrupted WhereOf(const TrapFrame& frame) { return {frame.pc, frame.sp}; }

[[noreturn]] void Fail(const char* what, const TrapFrame& frame) {
  UnhandledTrap(what, GUEST_READ_REGISTER("esr_el1"),
                GUEST_READ_REGISTER("far_el1"), WhereOf(frame));
}

void HandleAbort(TrapFrame& frame, bool data) {
  if (data && fault_hook != nullptr && fault_hook(frame)) {
    return;
  }
  uintptr_t fixup = machine::FaultFixup(frame.pc, &frame.sp);
  if (fixup == 0) {
    Fail(data ? "data abort" : "instruction abort", frame);
  }
  TellFault(GUEST_READ_REGISTER("far_el1"), frame.pc,
            GUEST_READ_REGISTER("esr_el1"));
  frame.pc = fixup;
}

EBPF_NOPROBE void HandleSynchronous(TrapFrame& frame) {
  switch (ClassOf(GUEST_READ_REGISTER("esr_el1"))) {
    case kClassBreakpoint:
      if (breakpoint_hook == nullptr || !breakpoint_hook(frame)) {
        frame.pc += 4;
      }
      break;
    case kClassDataAbort:
      HandleAbort(frame, true);
      break;
    case kClassInstructionAbort:
    case kClassPcAlignment:
      HandleAbort(frame, false);
      break;
    default:
      Fail("exception", frame);
  }
}

void HandleInterrupt(const TrapFrame& frame) {
  const Interruption interruption(frame.pc);
  // Interrupts are off: no other one comes before it is null again.
  const uint32_t cpu = machine::CpuId();
  interrupted_frames[cpu] = &frame;
  DispatchInterrupt(0, WhereOf(frame));
  interrupted_frames[cpu] = nullptr;
  PreemptIfDue();
}

}  // namespace

void SetBreakpointHook(BreakpointHook hook) { breakpoint_hook = hook; }
void SetFaultHook(FaultHook hook) { fault_hook = hook; }
const TrapFrame* InterruptedFrame() {
  return interrupted_frames[machine::CpuId()];
}

extern "C" EBPF_NOPROBE void PlainTrap(TrapFrame* frame, uint64_t kind) {
  if (kind == kSynchronous) {
    HandleSynchronous(*frame);
  } else if (kind == kIrq) {
    HandleInterrupt(*frame);
  } else {
    Fail("fast interrupt, system error or wrong level", *frame);
  }
}

}  // namespace guest::plain
