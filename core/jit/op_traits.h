// SPDX-License-Identifier: MIT
//
// What the compiler asks of opcodes.def for every instruction, several times:
// in four bytes, in one table.
#pragma once

#include <stdint.h>

#include "core/isa/op.h"

namespace ebpf::jit {

struct OpTraits {
  enum Flag : uint16_t {
    kReadsDst = 1 << 0,
    kReadsSrc = 1 << 1,
    kWritesDst = 1 << 2,
    kWritesSrc = 1 << 3,
    /// Upper halves of what is read matter: always, or where that of the
    /// result does, since the low half of the result is made of low halves.
    kUpperDst = 1 << 4,
    kUpperSrc = 1 << 5,
    kFlowsDst = 1 << 6,
    kFlowsSrc = 1 << 7,
    kJumps = 1 << 8,         // has a target, of this function or another
    kSpecial = 1 << 9,       // the rest is code: calls, exit, cmpxchg...
    kSourceIsReg = 1 << 10,  // OpInfo::source_is_register
    kSignExtends = 1 << 11,  // OpInfo::sign_extends
    kStarts = 1 << 12,       // a Matcher's pattern may begin with it
    kComputes = 1 << 14,     // dst, and does nothing else
    kEndsPath = 1 << 13,     // control never comes to what is behind
  };

  isa::Family family;
  isa::Operation operation;
  uint8_t width;
  uint16_t flags;

  constexpr bool Has(Flag flag) const { return (flags & flag) != 0; }
};

namespace op_traits {

using isa::Operation;

constexpr bool FlowsUpwards(Operation op) {
  switch (op) {
    case Operation::kAdd:
    case Operation::kSub:
    case Operation::kMul:
    case Operation::kOr:
    case Operation::kAnd:
    case Operation::kXor:
    case Operation::kLsh:
    case Operation::kMov:
      return true;
    default:
      return false;
  }
}

constexpr bool IsShift(Operation op) {
  return op == Operation::kLsh || op == Operation::kRsh ||
         op == Operation::kArsh;
}

constexpr bool SignExtendsMove(Operation op) {
  return op == Operation::kMovSx8 || op == Operation::kMovSx16 ||
         op == Operation::kMovSx32;
}

constexpr OpTraits Alu(Operation op, uint8_t width, bool from_register) {
  using T = OpTraits;
  const bool moves = op == Operation::kMov || SignExtendsMove(op);
  const bool flows = FlowsUpwards(op);
  unsigned flags = T::kWritesDst | T::kComputes;
  if (!moves) {
    flags |= T::kReadsDst;
    if (width == 64) {
      flags |= flows ? T::kFlowsDst : T::kUpperDst;
    }
  }
  if (from_register) {
    flags |= T::kReadsSrc | T::kSourceIsReg;
    if (width == 64 && !IsShift(op) && !SignExtendsMove(op)) {
      flags |= flows ? T::kFlowsSrc : T::kUpperSrc;
    }
  }
  const bool starts = op == Operation::kMov ||
                      (width == 64 && op == Operation::kAdd) ||
                      (width == 64 && !from_register &&
                       (op == Operation::kLsh || op == Operation::kRsh));
  return {isa::Family::kAlu, op, width,
          static_cast<uint16_t>(flags | (starts ? T::kStarts : 0))};
}

constexpr OpTraits Control(isa::Op op, isa::Family family) {
  using isa::Op;
  using T = OpTraits;
  unsigned flags = T::kSpecial;
  switch (op) {
    case Op::kGoto:
    case Op::kGotoLong:
      flags = T::kJumps | T::kEndsPath;
      break;
    case Op::kMayGoto:
      flags = T::kJumps;
      break;
    case Op::kCallSubprogram:
      flags |= T::kJumps;
      break;
    case Op::kExit:
      flags |= T::kEndsPath;
      break;
    case Op::kLoadRun:
      flags = T::kWritesDst;
      break;
    default:
      break;
  }
  return {family, Operation::kNone, 0, static_cast<uint16_t>(flags)};
}

enum LoadType { kU8, kU16, kU32, kU64, kS8, kS16, kS32 };

inline constexpr OpTraits kTable[] = {
#define EBPF_ALU_IMM(operation, width, opcode, offset, text) \
  Alu(Operation::k##operation, width, false),
#define EBPF_ALU_REG(operation, width, opcode, offset, text) \
  Alu(Operation::k##operation, width, true),
#define EBPF_NEGATE(width, opcode, text)         \
  {isa::Family::kNegate, Operation::kNeg, width, \
   OpTraits::kReadsDst | OpTraits::kWritesDst |  \
       (width == 64 ? OpTraits::kFlowsDst : 0)},
#define EBPF_BYTE_SWAP(operation, bits, opcode, text)     \
  {isa::Family::kByteSwap, Operation::k##operation, bits, \
   OpTraits::kReadsDst | OpTraits::kWritesDst |           \
       (bits == 64 ? OpTraits::kUpperDst : 0)},
#define EBPF_LOAD(type, bits, opcode, text)                           \
  {isa::Family::kLoad, Operation::kNone, bits,                        \
   OpTraits::kReadsSrc | OpTraits::kUpperSrc | OpTraits::kWritesDst | \
       (k##type >= kS8 ? OpTraits::kSignExtends : OpTraits::kStarts)},
#define EBPF_STORE_IMM(type, bits, opcode, text) \
  {isa::Family::kStore, Operation::kNone, bits,  \
   OpTraits::kReadsDst | OpTraits::kUpperDst},
#define EBPF_STORE_REG(type, bits, opcode, text)                     \
  {isa::Family::kStore, Operation::kNone, bits,                      \
   OpTraits::kReadsDst | OpTraits::kUpperDst | OpTraits::kReadsSrc | \
       OpTraits::kSourceIsReg | (bits == 64 ? OpTraits::kUpperSrc : 0)},
#define EBPF_ATOMIC(operation, width, opcode, imm, text)             \
  {isa::Family::kAtomic, Operation::k##operation, width,             \
   OpTraits::kReadsDst | OpTraits::kUpperDst | OpTraits::kReadsSrc | \
       (width == 64 ? OpTraits::kUpperSrc : 0)},
#define EBPF_ATOMIC_FETCH(operation, width, opcode, imm, text)       \
  {isa::Family::kAtomicFetch, Operation::k##operation, width,        \
   OpTraits::kReadsDst | OpTraits::kUpperDst | OpTraits::kReadsSrc | \
       OpTraits::kWritesSrc | (width == 64 ? OpTraits::kUpperSrc : 0)},
#define EBPF_ATOMIC_EXCHANGE(operation, width, opcode, imm, text)          \
  {isa::Family::kAtomicExchange, Operation::k##operation, width,           \
   OpTraits::kReadsDst | OpTraits::kUpperDst | OpTraits::kReadsSrc |       \
       (width == 64 ? OpTraits::kUpperSrc : 0) |                           \
       (Operation::k##operation == Operation::kXchg ? OpTraits::kWritesSrc \
                                                    : OpTraits::kSpecial)},
#define EBPF_JUMP_IMM(condition, width, opcode, text)           \
  {isa::Family::kJump, Operation::k##condition, width,          \
   OpTraits::kJumps | OpTraits::kStarts | OpTraits::kReadsDst | \
       (width == 64 ? OpTraits::kUpperDst : 0)},
#define EBPF_JUMP_REG(condition, width, opcode, text)           \
  {isa::Family::kJump, Operation::k##condition, width,          \
   OpTraits::kJumps | OpTraits::kStarts | OpTraits::kReadsDst | \
       OpTraits::kReadsSrc | OpTraits::kSourceIsReg |           \
       (width == 64 ? OpTraits::kUpperDst | OpTraits::kUpperSrc : 0)},
#define EBPF_CONTROL(name, opcode, selector, value, operands, text) \
  Control(isa::Op::k##name, isa::Family::kControl),
#define EBPF_INTERNAL(name, opcode, selector, value, operands, text) \
  Control(isa::Op::k##name, isa::Family::kInternal),
#define EBPF_LOAD_IMM64(name, source, next, text)                 \
  {isa::Family::kLoadImm64, Operation::kNone, 64,                 \
   OpTraits::kWritesDst |                                         \
       (isa::Op::k##name == isa::Op::kLoadFunc ? OpTraits::kJumps \
                                               : OpTraits::kComputes)},
#define EBPF_LOAD_ACQUIRE(type, bits, opcode, text)   \
  {isa::Family::kLoadAcquire, Operation::kNone, bits, \
   OpTraits::kReadsSrc | OpTraits::kUpperSrc | OpTraits::kWritesDst},
#define EBPF_STORE_RELEASE(type, bits, opcode, text)                 \
  {isa::Family::kStoreRelease, Operation::kNone, bits,               \
   OpTraits::kReadsDst | OpTraits::kUpperDst | OpTraits::kReadsSrc | \
       (bits == 64 ? OpTraits::kUpperSrc : 0)},
#define EBPF_LEGACY(name, opcode, operands, text) \
  {isa::Family::kLegacy, Operation::kNone, 0, OpTraits::kSpecial},
#include "core/isa/opcodes.def"
};
static_assert(sizeof(kTable) / sizeof(kTable[0]) == isa::kOpCount);

}  // namespace op_traits

inline const OpTraits& TraitsOf(isa::Op op) {
  return op_traits::kTable[static_cast<uint8_t>(op)];
}

}  // namespace ebpf::jit
