// SPDX-License-Identifier: MIT
//
// The most bytes of code that the compiler makes of an instruction, so that it
// need not measure.
#pragma once

#include "core/isa/op.h"
#include "core/machine/macro_assembler.h"

namespace ebpf::x86_64 {

/// Of a function's entry.
inline constexpr unsigned kPrologueSize = 13;
/// Of looking at an address before it is loaded from, twice.
inline constexpr unsigned kAddressCheckSize = 96;
/// Of both stubs.
inline constexpr unsigned kStubsSize = 96;

// A REX prefix, an opcode of up to two bytes, ModRM, SIB and a short offset; a
// long one has three bytes more, as a long constant has.
inline constexpr uint8_t kAccessSize = 5;
inline constexpr uint8_t kLonger = 3;

constexpr machine::CodeSize SizeOfAlu(isa::Operation operation,
                                      bool from_register) {
  using isa::Operation;
  switch (operation) {
    case Operation::kDiv:
    case Operation::kSDiv:
    case Operation::kMod:
    case Operation::kSMod:
      return {64, 0, 0};
    case Operation::kMov:
      return {static_cast<uint8_t>(from_register ? 3 : 7), 0, 0};
    case Operation::kLsh:
    case Operation::kRsh:
    case Operation::kArsh:
      return {static_cast<uint8_t>(from_register ? 16 : 4), 0, 0};
    default:
      return {4, static_cast<uint8_t>(from_register ? 0 : kLonger), 0};
  }
}

constexpr machine::CodeSize SizeOfControl(isa::Op op) {
  using isa::Op;
  switch (op) {
    case Op::kGoto:
    case Op::kGotoLong:
      return {5, 0, 0};
    case Op::kCallHelper:
      return {40, 0, 0};
    case Op::kExit:
    case Op::kCallDirect:
    case Op::kLoadRun:
      return {13, 0, 0};
    case Op::kCallSubprogram:
    case Op::kMayGoto:
      return {40, 0, 0};
    default:
      return {220, 0, 0};
  }
}

constexpr machine::CodeSize MostBytes(isa::Op op, isa::Family family,
                                      isa::Operation operation, unsigned width,
                                      bool from_register) {
  using isa::Family;
  switch (family) {
    case Family::kAlu:
      return SizeOfAlu(operation, from_register);
    case Family::kNegate:
      return {3, 0, 0};
    case Family::kByteSwap:
      return {9, 0, 0};
    case Family::kLoad:
    case Family::kLoadAcquire:
      return {static_cast<uint8_t>(kAccessSize + (width < 32 ? 1 : 0)), 0,
              kLonger};
    case Family::kStore:
    case Family::kStoreRelease: {
      const unsigned imm = width < 32 ? width / 8 : 4;
      return {static_cast<uint8_t>(kAccessSize + (width == 16 ? 1 : 0) +
                                   (from_register ? 0 : imm)),
              0, kLonger};
    }
    case Family::kAtomic:
      return {kAccessSize + 1, 0, kLonger};
    case Family::kAtomicFetch:
      return {56, 0, 3 * kLonger};
    case Family::kAtomicExchange:
      return {kAccessSize + 5, 0, kLonger};
    case Family::kJump:
      return {static_cast<uint8_t>(from_register ? 9 : 10),
              static_cast<uint8_t>(from_register ? 0 : kLonger), 0};
    case Family::kLoadImm64:
      return {10, 0, 0};
    default:
      return SizeOfControl(op);
  }
}

}  // namespace ebpf::x86_64
