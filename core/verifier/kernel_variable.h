// SPDX-License-Identifier: MIT
//
// Variables and functions of the kernel whose address a program loads, by BTF.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether the kernel has what `insn`, LD_IMM64 of a BTF id, names.
Status CheckKernelVariable(Verification& v, const isa::DecodedInsn& insn);

/// Its address in this kernel; kNotFound: the port does not know it. Context:
/// task.
Result<uint64_t> KernelVariableAddress(const btf::Btf& btf,
                                       const isa::DecodedInsn& insn);

/// What it loads. CheckKernelVariable has been kOk.
RegState KernelVariable(const Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
