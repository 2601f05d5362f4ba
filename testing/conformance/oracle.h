// SPDX-License-Identifier: MIT
//
// What instructions do, written from RFC 9669 and from nothing else: this file
// and its .cc include none of core, so that they share no mistake with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ebpf::oracle {

/// One slot of a program. [RFC 9669, section 3.1, little-endian]
struct Insn {
  uint8_t opcode;
  uint8_t regs;  // source << 4 | destination
  int16_t offset;
  int32_t imm;

  unsigned dst() const { return regs & 0xf; }
  unsigned src() const { return regs >> 4; }
};
static_assert(sizeof(Insn) == 8);

constexpr Insn Make(unsigned opcode, unsigned dst, unsigned src, int offset,
                    int64_t imm) {
  return {static_cast<uint8_t>(opcode), static_cast<uint8_t>(src << 4 | dst),
          static_cast<int16_t>(offset), static_cast<int32_t>(imm)};
}

/// Bytes that the program sees at `address`.
struct Memory {
  uint64_t address;
  uint8_t* bytes;
  size_t size;
};

struct State {
  uint64_t regs[11] = {};
  std::vector<Memory> memory;
};

enum class Result {
  kDone,       // reached the instruction after the last one, or an exit
  kUndefined,  // what is no instruction, or goes out of the program
  kFault,      // no memory there
  kTooLong,
};

/// Runs `code` from its first instruction, at most `steps` of them. Programs
/// of one function: neither calls nor helpers.
Result Run(const std::vector<Insn>& code, State& state, unsigned steps = 1000);

}  // namespace ebpf::oracle
