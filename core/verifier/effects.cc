// SPDX-License-Identifier: MIT
//
// By what is called anywhere in the function, or in those that it calls.
#include "core/verifier/effects.h"

#include "core/helpers/prototype.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

void NoteHelper(Subprogram& subprogram, const isa::DecodedInsn& insn) {
  const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
  if (helper != nullptr && helper->may_sleep) {
    subprogram.may_sleep = true;
  }
}

void NoteKernelFunction(const Verification& v, Subprogram& subprogram,
                        const isa::DecodedInsn& insn) {
  const Result<KernelFunction> function = FindKernelFunction(v, insn);
  if (!function.ok()) {
    return;
  }
  subprogram.may_sleep |= function->Has(kKfuncSleepable);
  subprogram.may_throw |= function->Is(KfuncId::kThrow);
}

}  // namespace

void FindEffects(Verification& v) {
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    if (!DecodeAt(v, i, insn)) {
      continue;
    }
    Subprogram& subprogram = v.subprograms[SubprogramOf(v, i)];
    if (insn.op == isa::Op::kCallHelper) {
      NoteHelper(subprogram, insn);
    } else if (insn.op == isa::Op::kCallKernel) {
      NoteKernelFunction(v, subprogram, insn);
    }
  }
  const uint32_t count = static_cast<uint32_t>(v.subprograms.size());
  bool news = true;
  while (news) {  // each round but the last marks one more function, at least
    news = false;
    v.graph[0].ForEach(count, [&](uint32_t caller, uint32_t callee) {
      Subprogram& to = v.subprograms[caller];
      const Subprogram& from = v.subprograms[callee];
      news |= (from.may_sleep && !to.may_sleep) ||
              (from.may_throw && !to.may_throw);
      to.may_sleep |= from.may_sleep;
      to.may_throw |= from.may_throw;
    });
  }
}

}  // namespace ebpf::verifier
