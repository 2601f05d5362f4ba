// SPDX-License-Identifier: MIT
//
// The instruction set as RFC 9669 lists it, to go through.
#pragma once

#include <cstdint>
#include <vector>

namespace ebpf::conformance {

struct AluOp {
  uint8_t opcode;  // with the source bit
  int16_t offset;
  int32_t imm = 0;  // of a byte swap
  bool is_64;
  bool from_register = false;
  bool unary = false;
  bool is_shift = false;
  bool divides = false;
};

/// All of sections 4.1 and 4.2.
const std::vector<AluOp>& AluOps();

struct JumpOp {
  uint8_t opcode;
  bool is_64;
  bool from_register;
};

/// The conditional ones of section 4.3.
const std::vector<JumpOp>& JumpOps();

struct MemoryOp {
  uint8_t opcode;
  uint8_t bytes;
  int32_t imm = 0;  // of an atomic one
};

/// Section 5.1 and 5.2: loads, stores of a register, stores of a constant.
const std::vector<MemoryOp>& LoadOps();
const std::vector<MemoryOp>& StoreOps();
const std::vector<MemoryOp>& StoreImmOps();
/// Section 5.3 but cmpxchg, and cmpxchg.
const std::vector<MemoryOp>& AtomicOps();
const std::vector<MemoryOp>& CompareExchangeOps();
/// Linux's load-acquire and store-release.
const std::vector<MemoryOp>& LoadAcquireOps();
const std::vector<MemoryOp>& StoreReleaseOps();

/// Opcodes, with what tells those of one opcode apart, in all of these.
unsigned CatalogSize();

}  // namespace ebpf::conformance
