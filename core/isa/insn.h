// SPDX-License-Identifier: MIT
//
// One eBPF instruction, as programs and bpf(2) hold it.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/span.h"

namespace ebpf::isa {

/// The 64-bit basic encoding; LD_IMM64 takes two, the second with the upper
/// half of the constant in `imm`. [RFC 9669, section 3] In the machine's byte
/// order, which must be little-endian, as the bit fields' order is.
struct Insn {
  uint8_t opcode;
  uint8_t dst : 4;
  uint8_t src : 4;
  int16_t offset;
  int32_t imm;
};
static_assert(sizeof(Insn) == 8 && kLittleEndian);

using Insns = Span<Insn>;
using ConstInsns = Span<const Insn>;

/// r0..r10. r10 is the frame pointer, read-only. [RFC 9669, section 2]
inline constexpr unsigned kRegisterCount = 11;
inline constexpr unsigned kFramePointer = 10;

/// The opcodes that refer to something outside of the program, for who only
/// looks for those.
inline constexpr uint8_t kLdImm64Opcode = 0x18;  // [RFC 9669, section 5.4]
inline constexpr uint8_t kCallOpcode = 0x85;     // [RFC 9669, section 4.3]

/// What `src` of LD_IMM64 says about its constant. [RFC 9669, section 5.4]
enum PseudoSource : uint8_t {
  kPseudoNone = 0,        // imm64
  kPseudoMapFd = 1,       // map_by_fd(imm)
  kPseudoMapValue = 2,    // map_val(map_by_fd(imm)) + next_imm
  kPseudoBtfId = 3,       // var_addr(imm)
  kPseudoFunc = 4,        // code_addr(imm)
  kPseudoMapIdx = 5,      // map_by_idx(imm)
  kPseudoMapIdxValue = 6  // map_val(map_by_idx(imm)) + next_imm
};

/// What `src` of CALL says about its target. [RFC 9669, section 4.3.2]
enum CallSource : uint8_t {
  kCallHelper = 0,      // helper function by static id
  kCallSubprogram = 1,  // pc += imm
  kCallKernel = 2       // helper (kernel) function by BTF id
};

}  // namespace ebpf::isa
