// SPDX-License-Identifier: MIT
//
// Arenas: memory that programs and user space share, addressed by 32 bits. What
// is loaded and stored there is never looked at, and a wrong address harms
// nobody: so a pointer into an arena may be anything.
#pragma once

#include "core/isa/decode.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Linux's BPF_ADDR_SPACE_CAST: a move of 64 bits with this offset. Its imm has
/// the new address space above the old one, 16 bits each.
inline constexpr int16_t kAddressSpaceCast = 1;

/// isa::Decode, for programs that nobody runs here: a cast between address
/// spaces, which no engine knows, is a move whose `offset` is
/// kAddressSpaceCast and whose `imm` is the instruction's.
inline isa::DecodeError DecodeInsn(isa::ConstInsns insns, size_t index,
                                   isa::DecodedInsn& out) {
  constexpr uint8_t kMove = 0xbf;
  const isa::Insn& insn = insns[index];
  if (insn.opcode != kMove || insn.offset != kAddressSpaceCast ||
      insn.dst >= isa::kRegisterCount || insn.src >= isa::kRegisterCount) {
    return isa::Decode(insns, index, out);
  }
  out = isa::DecodedInsn{};
  out.op = isa::Op::kMov64Reg;
  out.dst = insn.dst;
  out.src = insn.src;
  out.offset = insn.offset;
  out.imm = insn.imm;
  return isa::DecodeError::kNone;
}

inline bool IsAddressSpaceCast(const isa::DecodedInsn& insn) {
  return insn.op == isa::Op::kMov64Reg && insn.offset == kAddressSpaceCast;
}

/// Whether `map` is an arena.
bool IsArena(const Map& map);

/// What is wrong with a cast on any path.
Status CheckAddressSpaceCast(Verification& v, const isa::DecodedInsn& insn);

/// Walks a cast.
void StepAddressSpaceCast(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
