// SPDX-License-Identifier: MIT
//
// A few instructions under test, and what they are run with.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "testing/conformance/oracle.h"

namespace ebpf::conformance {

using oracle::Insn;
using oracle::Make;

inline constexpr unsigned kFrame = 10;
inline constexpr unsigned kRegs = 10;  // that programs write: r0..r9

/// The memory that a body may use: kMemWords of its own, and kStackWords of
/// stack from r10 + kStackOffset on.
inline constexpr unsigned kMemWords = 8;
inline constexpr unsigned kStackWords = 4;
inline constexpr int kStackOffset = -64;

/// What one run begins with.
struct Input {
  uint64_t regs[kRegs] = {};
  /// Bit r: rN is the address of the body's memory, plus what regs says.
  uint16_t pointers = 0;
  uint64_t mem[kMemWords] = {};
  uint64_t stack[kStackWords] = {};
};

struct Body {
  std::vector<Insn> code;
  /// Bit r: rN is shown at the end, all of it or its low half. What is neither
  /// is dead.
  uint16_t shown = 0x3ff;
  uint16_t shown_low = 0;
  bool uses_stack = false;
  /// Facts that hold in each run.
  bool divisor_non_zero = false;
  std::vector<Input> inputs;
};

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Next() { return engine_(); }
  uint64_t Below(uint64_t limit) { return engine_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

  /// A value with something special about it, or none.
  uint64_t Value();
  int32_t Immediate() { return static_cast<int32_t>(Value()); }
  /// r0..r9, not one of `taken`, which gets it too.
  unsigned Register(uint16_t& taken);

  /// Registers, memory and stack full of values.
  Input AnyInput();

 private:
  std::mt19937_64 engine_;
};

/// At least 60 operands of 64 bits and immediates, at the edges of what
/// machine instructions take.
const std::vector<uint64_t>& BoundaryOperands();
const std::vector<int32_t>& BoundaryImmediates();
const std::vector<int16_t>& BoundaryOffsets();

}  // namespace ebpf::conformance
