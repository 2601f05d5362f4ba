// SPDX-License-Identifier: MIT
//
// Calls of functions of the kernel, by BTF: kfuncs.
#pragma once

#include "core/helpers/kfuncs.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// A kernel function and its prototype.
struct KernelFunction {
  /// Null: one that no program may call.
  const KfuncInfo* info;
  const char* name;
  btf::Type prototype;

  bool Has(uint32_t flag) const {
    return info != nullptr && (info->flags & flag) != 0;
  }
  bool Is(KfuncId id) const { return info != nullptr && info->id == id; }
};

/// The function that `insn` calls; kNotFound where the kernel has none.
Result<KernelFunction> FindKernelFunction(const btf::Btf* kernel,
                                          const KfuncTable& kfuncs,
                                          const isa::DecodedInsn& insn);
inline Result<KernelFunction> FindKernelFunction(const Verification& v,
                                                 const isa::DecodedInsn& insn) {
  return FindKernelFunction(v.options.kernel_btf, *v.options.kfuncs, insn);
}

/// What is wrong with the call `insn` on any path.
Status CheckKernelCall(Verification& v, const isa::DecodedInsn& insn);

/// Walks a call: arguments, sections, references, iterators, result.
/// `path_ends`: it does not come back.
Status StepKernelCall(Verification& v, const isa::DecodedInsn& insn,
                      bool& path_ends);

/// The other path of the step of an iterator: it gave an element.
void EnterElement(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
