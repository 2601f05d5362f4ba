// SPDX-License-Identifier: MIT
//
// Instructions as text, for logs and dumps.
#pragma once

#include "core/base/text_writer.h"
#include "core/isa/decode.h"

namespace ebpf::isa {

/// Writes `insn` as `llvm-objdump -d --mcpu=v4` does, without addresses,
/// bytes and symbols: "r1 = *(u64 *)(r10 - 0x8)". Context: any.
void Disassemble(const DecodedInsn& insn, TextWriter& writer);

}  // namespace ebpf::isa
