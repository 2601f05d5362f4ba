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

/// An instance for `call`; null where all are in flight.
ReturnInstance* TakeInstance(const EnteredCall& call) {
  ReturnInstance* instance = return_pool.Take();
  if (instance != nullptr) {
    return instance;
  }
  uintptr_t begin;
  uintptr_t end;
  if (!ebpf_port_stack_bounds(call.frame, &begin, &end) || call.frame < begin) {
    begin = call.frame;
  }
  return return_pool.ReclaimLeft(call, begin) == 0 ? nullptr
                                                   : return_pool.Take();
}

}  // namespace

Status ReturnHook::Prepare() { return return_pool.Prepare(); }

uint32_t ReturnHook::ForgetCalls(uint64_t begin, uint64_t end) {
  return return_pool.Reclaim(begin, end);
}

void ReturnHook::Cancel() { return_pool.Cancel(*this); }

void ReturnHook::Hit(machine::PtRegs& regs) {
  const EnteredCall call = ReadEnteredCall(regs);
  ReturnInstance* instance = TakeInstance(call);
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

inline void ReturnHook::Tell(machine::PtRegs& regs, const ReturnedCall& call) {
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
