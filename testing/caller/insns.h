// SPDX-License-Identifier: MIT
//
// The few instructions that tests of system calls need, by their opcodes' bits.
// [RFC 9669]
#pragma once

#include <cstdint>
#include <vector>

#include "core/isa/insn.h"

namespace ebpf {

using Code = std::vector<isa::Insn>;

inline Code operator+(Code first, const Code& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

inline isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
                      int32_t imm) {
  isa::Insn insn{};
  insn.opcode = opcode;
  insn.dst = dst & 15;
  insn.src = src & 15;
  insn.offset = offset;
  insn.imm = imm;
  return insn;
}
inline isa::Insn MovImm(uint8_t dst, int32_t imm) {
  return Insn(0xb7, dst, 0, 0, imm);
}
inline isa::Insn MovReg(uint8_t dst, uint8_t src) {
  return Insn(0xbf, dst, src, 0, 0);
}
inline isa::Insn CallHelper(int32_t id) { return Insn(0x85, 0, 0, 0, id); }
inline isa::Insn Exit() { return Insn(0x95, 0, 0, 0, 0); }
/// The two slots of LD_IMM64 with a pseudo source.
inline isa::Insn LoadLow(uint8_t dst, uint8_t pseudo, int32_t imm) {
  return Insn(0x18, dst, pseudo, 0, imm);
}
inline isa::Insn LoadHigh(int32_t imm) { return Insn(0, 0, 0, 0, imm); }

/// "r0 = `result`; exit".
inline Code Returning(int32_t result) { return {MovImm(0, result), Exit()}; }

inline constexpr uint32_t kSocketFilter = 1;
inline constexpr uint32_t kKprobe = 2;

}  // namespace ebpf
