// SPDX-License-Identifier: MIT
//
// Where an x86-64 instruction ends and what its parts are.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf::x86_64 {

enum class InsnEncoding : uint8_t { kLegacy, kVex, kEvex };

/// The tables of opcodes. [intel/vol2: Opcode Map]
enum class OpcodeMap : uint8_t {
  kOneByte = 0,
  k0f = 1,
  k0f38 = 2,
  k0f3a = 3,
  kEvex5 = 5,
  kEvex6 = 6,
};

/// One instruction in 64-bit mode. Offsets are from its first byte; 0 where the
/// part is absent.
struct DecodedInsn {
  static constexpr unsigned kMaxSize = 15;

  uint8_t size;
  InsnEncoding encoding;
  OpcodeMap map;
  uint8_t opcode;
  uint8_t opcode_offset;
  uint8_t rex;         // 0: none; VEX and EVEX have it in their own bytes
  uint8_t rex_offset;  // where it is or, without one, would be
  uint8_t modrm;
  uint8_t modrm_offset;
  uint8_t sib;
  uint8_t displacement_offset;
  uint8_t displacement_size;
  uint8_t immediate_offset;
  uint8_t immediate_size;
  uint8_t vvvv;          // a second source register; 0 without
  bool operand_size_16;  // prefix 66
  bool address_size_32;  // prefix 67
  bool lock;             // prefix f0
  uint8_t repeat;        // prefix f2 or f3, the last of them; or 0

  unsigned mod() const { return modrm >> 6; }
  /// The reg field as an extension of the opcode: without REX.R.
  unsigned reg_field() const { return modrm >> 3 & 7; }
  unsigned rm_field() const { return modrm & 7; }
  bool rex_w() const { return (rex & 8) != 0; }
  bool rex_r() const { return (rex & 4) != 0; }
  bool rex_x() const { return (rex & 2) != 0; }
  bool rex_b() const { return (rex & 1) != 0; }

  /// Whether its memory operand is relative to the next instruction.
  bool IsRipRelative() const {
    return modrm_offset != 0 && mod() == 0 && rm_field() == 5 &&
           displacement_size == 4;
  }
};

/// Decodes the instruction that `code` begins with. kBadSequence: there is no
/// such instruction, or it goes on past the end of `code`. What a CPU without
/// some extension takes as undefined is decoded as with it; what CPUs of
/// different makers decode differently is refused. Context: any.
Result<DecodedInsn> DecodeInsn(ConstBytes code);

/// The sign-extended displacement or immediate of `size` bytes at `at`; 0 for
/// none.
int64_t LoadSigned(const uint8_t* at, unsigned size);

}  // namespace ebpf::x86_64
