// SPDX-License-Identifier: MIT
//
// The life of kretprobes, and who is told of a return.
#include "core/probes/return_hook.h"

#include "core/base/assert.h"
#include "core/probes/return_pool.h"

namespace ebpf {
Status ReturnHook::Prepare() { return return_pool.Prepare(); }

uint32_t ReturnHook::ForgetCalls(uint64_t begin, uint64_t end) {
  return return_pool.Reclaim(begin, end);
}

void ReturnHook::Cancel() { return_pool.Cancel(*this); }

inline void ReturnHook::Tell(machine::PtRegs& regs, const ReturnedCall& call) {
  consumer_.Returned(regs, call);
}

extern "C" {

void ebpf_return_run(ReturnHook* hook, machine::PtRegs* regs,
                     const ReturnedCall* call) {
  hook->Tell(*regs, *call);
}

void ebpf_return_lost(void) {
  Panic(
      "ebpf: a function that returns twice was followed to its return, and "
      "nobody knows any more where its second return leads");
}

}  // extern "C"

}  // namespace ebpf
