// SPDX-License-Identifier: MIT
//
// What a kretprobe does at a function's entry, and who is told at its return.
#include "core/probes/return_hook.h"

#include "core/base/assert.h"
#include "core/platform/stack.h"
#include "core/probes/return_pool.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// An instance for a call whose sp is `sp`; null where all are in flight.
ReturnInstance* TakeInstance(uint64_t sp) {
  ReturnInstance* instance = return_pool.Take();
  if (instance != nullptr) {
    return instance;
  }
  // Calls that were left by a jump never return. Those of this stack are known:
  // what lies below sp is nobody's frame.
  uintptr_t begin = 0;
  uintptr_t end = 0;
  if (!ebpf_port_stack_bounds(sp, &begin, &end) || sp < begin || sp >= end ||
      return_pool.Reclaim(begin, sp) == 0) {
    return nullptr;
  }
  return return_pool.Take();
}

}  // namespace

Status ReturnHook::Prepare() { return return_pool.Prepare(); }

void ReturnHook::Cancel() { return_pool.Cancel(*this); }

void ReturnHook::Hit(machine::PtRegs& regs) {
  const EnteredCall call = ReadEnteredCall(regs);
  ReturnInstance* instance = TakeInstance(call.frame);
  if (instance == nullptr) {
    CountMissed();
    return;
  }
  uint64_t data = 0;
  if (!consumer_.Entered(regs, data)) {
    return_pool.GiveBack(*instance);
    return;
  }
  ReturnPool::Begin(*instance, *this, call.function, call.frame,
                    call.return_address, data);
  RedirectReturn(regs, ReturnPool::StubOf(*instance));
}

void ReturnHook::Tell(machine::PtRegs& regs, const ReturnedCall& call) {
  ReadSection section;
  consumer_.Returned(regs, call);
}

extern "C" {

void ebpf_return_run(ReturnInstance* instance, machine::PtRegs* regs,
                     uint64_t return_address) {
  const uintptr_t hook = instance->hook.Load(kRelaxed) & ~ReturnInstance::kBusy;
  reinterpret_cast<ReturnHook*>(hook)->Tell(
      *regs, {instance->function, return_address, instance->data});
}

void ebpf_return_lost(void) {
  Panic(
      "ebpf: a function that returns twice was followed to its return, and "
      "nobody knows any more where its second return leads");
}

}  // extern "C"

}  // namespace ebpf
