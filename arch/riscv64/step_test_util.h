// SPDX-License-Identifier: MIT
//
// Calls of the macro assembler as data, and a model of what they compute that
// remembers nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "arch/riscv64/run_test_util.h"

namespace ebpf::riscv64 {

enum class Kind : uint8_t {
  kMov,
  kMovImm,
  kAlu,
  kDivide,
  kNegate,
  kSwap,
  kZeroExtend,
  kSignExtend,
  kRotate,
  kExtract,
  kMultiplyHigh,
  kLoad,
  kLoadSwapped,
  kStore,
  kFetch,
  kExchange,
  kMoveBase,
  kBranch,
  kCount
};

/// One call of the macro assembler. Its registers are r0..r8; r9 is the base of
/// all accesses.
struct Step {
  Kind kind = Kind::kMov;
  unsigned width = 64;  // or bits
  Operation op = Operation::kAdd;
  bool flag = false;  // sign-extended, by a constant
  Reg dst = 0;
  Reg lhs = 0;
  Reg rhs = 0;
  uint64_t imm = 0;
  int32_t offset = 0;
  unsigned skip = 0;  // kBranch: this many steps
  bool is_target = false;
};

inline constexpr Reg kBase = 9;
inline constexpr Operation kConditions[] = {
    Operation::kEq, Operation::kGt,  Operation::kGe,  Operation::kSet,
    Operation::kNe, Operation::kSGt, Operation::kSGe, Operation::kLt,
    Operation::kLe, Operation::kSLt, Operation::kSLe};
inline constexpr Operation kDivisions[] = {Operation::kDiv, Operation::kSDiv,
                                           Operation::kMod, Operation::kSMod};
inline constexpr uint64_t kCounts[] = {0, 1, 20, 31, 32, 33, 63};
inline constexpr Operation kFetches[] = {Operation::kAdd, Operation::kOr,
                                         Operation::kAnd, Operation::kXor,
                                         Operation::kXchg};

inline bool Holds(Operation op, unsigned width, uint64_t a, uint64_t b) {
  const uint64_t x = Narrow(width, a);
  const uint64_t y = Narrow(width, b);
  const int64_t s = Signed(width, a);
  const int64_t t = Signed(width, b);
  switch (op) {
    case Operation::kEq:
      return x == y;
    case Operation::kNe:
      return x != y;
    case Operation::kGt:
      return x > y;
    case Operation::kGe:
      return x >= y;
    case Operation::kLt:
      return x < y;
    case Operation::kLe:
      return x <= y;
    case Operation::kSGt:
      return s > t;
    case Operation::kSGe:
      return s >= t;
    case Operation::kSLt:
      return s < t;
    case Operation::kSLe:
      return s <= t;
    default:
      return (x & y) != 0;
  }
}

/// Bit r: somebody reads rN's upper half behind the step.
inline std::vector<uint16_t> UppersLiveAfter(const std::vector<Step>& steps) {
  std::vector<uint16_t> before(steps.size() + 1, 0xffff);
  std::vector<uint16_t> after(steps.size(), 0xffff);
  for (size_t i = steps.size(); i-- > 0;) {
    const Step& step = steps[i];
    uint16_t live = before[i + 1];
    if (step.kind == Kind::kBranch) {
      live |= before[i + 1 + step.skip];
    }
    after[i] = live;
    const auto bit = [](Reg reg) { return static_cast<uint16_t>(1u << reg); };
    uint16_t kills = bit(step.dst);
    uint16_t reads = 0;
    switch (step.kind) {
      case Kind::kMovImm:
      case Kind::kLoad:
      case Kind::kLoadSwapped:
      case Kind::kZeroExtend:
      case Kind::kSignExtend:
        break;
      case Kind::kStore:
        kills = 0;
        reads = step.width == 64 && !step.flag ? bit(step.rhs) : 0;
        break;
      case Kind::kBranch:
        kills = 0;
        [[fallthrough]];
      case Kind::kAlu:
      case Kind::kDivide:
        reads = step.width == 64
                    ? static_cast<uint16_t>(bit(step.lhs) | bit(step.rhs))
                    : 0;
        break;
      case Kind::kExtract:
        reads = bit(step.lhs);
        break;
      case Kind::kMultiplyHigh:
        reads = static_cast<uint16_t>(bit(step.lhs) | bit(step.rhs));
        break;
      case Kind::kFetch:
        reads = step.width == 64 ? bit(step.dst) : 0;
        break;
      case Kind::kExchange:
        kills = 1;
        reads = step.width == 64 ? static_cast<uint16_t>(bit(step.rhs) | 1) : 0;
        break;
      case Kind::kMoveBase:
        kills = 0;
        break;
      default:
        reads = step.width == 64 ? bit(step.lhs) : 0;
        break;
    }
    before[i] = static_cast<uint16_t>((live & ~kills) | reads | 1u << kBase);
  }
  return after;
}

/// What the step does to registers and memory. `to_copy`: how far the model's
/// memory is from what r9 points to.
inline void Model(const Step& step, State& state, uint64_t to_copy) {
  const unsigned width = step.width;
  uint64_t* const regs = state.regs;
  const uint64_t lhs = regs[step.lhs];
  const auto imm =
      static_cast<uint64_t>(int64_t{static_cast<int32_t>(step.imm)});
  const uint64_t rhs = step.flag ? imm : regs[step.rhs];
  uint8_t* const at =
      reinterpret_cast<uint8_t*>(regs[kBase] + to_copy) + step.offset;
  uint64_t old = 0;
  if (step.kind >= Kind::kLoad && step.kind <= Kind::kExchange) {
    std::memcpy(&old, at, width / 8);
  }
  const auto extended = [](uint64_t value, uint64_t bits) {
    return static_cast<uint64_t>(
        ::ebpf::SignExtend(value, static_cast<unsigned>(bits)));
  };
  switch (step.kind) {
    case Kind::kMov:
      regs[step.dst] = Narrow(width, lhs);
      break;
    case Kind::kMovImm:
      regs[step.dst] = step.imm;
      break;
    case Kind::kAlu:
      regs[step.dst] = AluModel(step.op, width, lhs, rhs);
      break;
    case Kind::kDivide:
      regs[step.dst] = DivideModel(step.op, width, lhs, regs[step.rhs]);
      break;
    case Kind::kNegate:
      regs[step.dst] = Narrow(width, 0 - lhs);
      break;
    case Kind::kSwap:
      regs[step.dst] = __builtin_bswap64(lhs) >> (64 - width);
      break;
    case Kind::kZeroExtend:
      regs[step.dst] = lhs & ((uint64_t{1} << step.imm) - 1);
      break;
    case Kind::kSignExtend:
      regs[step.dst] = Narrow(width, extended(lhs, step.imm));
      break;
    case Kind::kRotate:
      regs[step.dst] =
          Narrow(width, lhs << 13 | Narrow(width, lhs) >> (width - 13));
      break;
    case Kind::kExtract:
      regs[step.dst] =
          lhs >> step.imm % 50 & ((uint64_t{1} << (1 + step.rhs * 3)) - 1);
      break;
    case Kind::kMultiplyHigh:
      regs[step.dst] = static_cast<uint64_t>(
          static_cast<unsigned __int128>(lhs) * regs[step.rhs] >> 64);
      break;
    case Kind::kLoad:
      regs[step.dst] = step.flag ? extended(old, width) : old;
      break;
    case Kind::kLoadSwapped:
      regs[step.dst] = __builtin_bswap64(old) >> (64 - width);
      break;
    case Kind::kStore:
      std::memcpy(at, &rhs, width / 8);
      break;
    case Kind::kFetch: {
      const uint64_t src = regs[step.dst];
      const uint64_t value = step.op == Operation::kXchg
                                 ? src
                                 : AluModel(step.op, width, old, src);
      std::memcpy(at, &value, width / 8);
      regs[step.dst] = old;
      break;
    }
    case Kind::kExchange:
      if (Narrow(width, regs[0]) == old) {
        std::memcpy(at, &regs[step.rhs], width / 8);
      }
      regs[0] = old;
      break;
    case Kind::kMoveBase:
      regs[kBase] += step.flag ? 8 : -8;
      break;
    default:
      break;
  }
}

inline void ModelAll(const std::vector<Step>& steps, State& state,
                     uint64_t to_copy) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.kind != Kind::kBranch) {
      Model(step, state, to_copy);
      continue;
    }
    const uint64_t rhs =
        step.flag
            ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(step.imm)})
            : state.regs[step.rhs];
    if (Holds(step.op, step.width, state.regs[step.lhs], rhs)) {
      i += step.skip;
    }
  }
}

}  // namespace ebpf::riscv64
