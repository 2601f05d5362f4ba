// SPDX-License-Identifier: MIT
//
// One loop, its cases made from opcodes.def. An instruction without a case does
// not compile (-Wswitch, as there is no default).
#include "core/interpreter/execute.h"

#include "core/interpreter/arithmetic.h"
#include "core/interpreter/memory_access.h"

namespace ebpf::interpreter {
namespace {

using isa::Op;

template <unsigned kBits>
struct WordOf;
template <>
struct WordOf<8> {
  using Type = uint8_t;
};
template <>
struct WordOf<16> {
  using Type = uint16_t;
};
template <>
struct WordOf<32> {
  using Type = uint32_t;
};
template <>
struct WordOf<64> {
  using Type = uint64_t;
};
template <unsigned kBits>
using Word = typename WordOf<kBits>::Type;

// What opcodes.def's types of loads are extended from.
using U8 = uint8_t;
using U16 = uint16_t;
using U32 = uint32_t;
using U64 = uint64_t;
using S8 = int8_t;
using S16 = int16_t;
using S32 = int32_t;

/// `value` as a register holds it: with the sign if T has one.
template <typename T>
uint64_t Extended(T value) {
  return static_cast<uint64_t>(static_cast<int64_t>(value));
}

/// `imm` as an operand: the sign goes up to 64 bits, then T is cut off.
template <typename T>
T Immediate(int32_t imm) {
  return static_cast<T>(static_cast<int64_t>(imm));
}

/// r10 of a function that is called `depth` calls deep.
uint64_t StackTop(RunContext& run, uint32_t depth) {
  return run.StackTop() - depth * (kMaxStackBytes + kFrameLinkBytes);
}

uint64_t Constant(const Step* step) {
  return static_cast<uint32_t>(step[0].imm) |
         static_cast<uint64_t>(static_cast<uint32_t>(step[1].imm)) << 32;
}

void SaveCaller(const uint64_t* regs, const Step* call,
                RunContext::Frame& frame) {
  for (unsigned i = 0; i < 5; ++i) {
    frame.saved[i] = regs[6 + i];
  }
  frame.return_to = reinterpret_cast<uint64_t>(call);
}

void RestoreCaller(const RunContext::Frame& frame, uint64_t* regs) {
  for (unsigned i = 0; i < 5; ++i) {
    regs[6 + i] = frame.saved[i];
  }
}

}  // namespace

uint64_t Execute(const Image& image, void* context, RunContext& run) {
  uint64_t regs[isa::kRegisterCount] = {};
  regs[1] = reinterpret_cast<uint64_t>(context);
  regs[isa::kFramePointer] = StackTop(run, 0);
  uint32_t depth = 0;

  for (const Step* step = image.steps.data();; ++step) {
    uint64_t& dst = regs[step->dst];
    uint64_t& src = regs[step->src];
    const auto offset = static_cast<uint64_t>(int64_t{step->offset});
    switch (step->op) {
#define EBPF_ALU_IMM(operation, width, opcode, selector, text)                 \
  case Op::k##operation##width##Imm:                                           \
    dst = Compute<Operation::k##operation>(static_cast<Word<width>>(dst),      \
                                           Immediate<Word<width>>(step->imm)); \
    break;
#define EBPF_ALU_REG(operation, width, opcode, selector, text)             \
  case Op::k##operation##width##Reg:                                       \
    dst = Compute<Operation::k##operation>(static_cast<Word<width>>(dst),  \
                                           static_cast<Word<width>>(src)); \
    break;
#define EBPF_NEGATE(width, opcode, text)                  \
  case Op::kNeg##width:                                   \
    dst = Word<width>{0} - static_cast<Word<width>>(dst); \
    break;
#define EBPF_BYTE_SWAP(operation, bits, opcode, text)        \
  case Op::k##operation##bits:                               \
    dst = Reorder<Operation::k##operation, Word<bits>>(dst); \
    break;
#define EBPF_LOAD(type, bits, opcode, text)                            \
  case Op::kLoad##type:                                                \
    dst = Extended(static_cast<type>(Load<Word<bits>>(src + offset))); \
    break;
#define EBPF_STORE_IMM(type, bits, opcode, text)           \
  case Op::kStore##type##Imm:                              \
    Store(dst + offset, Immediate<Word<bits>>(step->imm)); \
    break;
#define EBPF_STORE_REG(type, bits, opcode, text)       \
  case Op::kStore##type##Reg:                          \
    Store(dst + offset, static_cast<Word<bits>>(src)); \
    break;
#define EBPF_ATOMIC(operation, width, opcode, imm, text)    \
  case Op::kAtomic##operation##width:                       \
    FetchModify<Operation::k##operation, __ATOMIC_RELAXED>( \
        dst + offset, static_cast<Word<width>>(src));       \
    break;
#define EBPF_ATOMIC_FETCH(operation, width, opcode, imm, text)    \
  case Op::kAtomicFetch##operation##width:                        \
    src = FetchModify<Operation::k##operation, __ATOMIC_SEQ_CST>( \
        dst + offset, static_cast<Word<width>>(src));             \
    break;
#define EBPF_ATOMIC_EXCHANGE(operation, width, opcode, imm, text)          \
  case Op::kAtomic##operation##width:                                      \
    if (Operation::k##operation == Operation::kXchg) {                     \
      src = FetchModify<Operation::kXchg, __ATOMIC_SEQ_CST>(               \
          dst + offset, static_cast<Word<width>>(src));                    \
    } else {                                                               \
      regs[0] =                                                            \
          CompareExchange(dst + offset, static_cast<Word<width>>(regs[0]), \
                          static_cast<Word<width>>(src));                  \
    }                                                                      \
    break;
#define EBPF_LOAD_ACQUIRE(type, bits, opcode, text)                    \
  case Op::kLoadAcquire##type:                                         \
    dst = __atomic_load_n(reinterpret_cast<Word<bits>*>(src + offset), \
                          __ATOMIC_ACQUIRE);                           \
    break;
#define EBPF_STORE_RELEASE(type, bits, opcode, text)                  \
  case Op::kStoreRelease##type:                                       \
    __atomic_store_n(reinterpret_cast<Word<bits>*>(dst + offset),     \
                     static_cast<Word<bits>>(src), __ATOMIC_RELEASE); \
    break;
#define EBPF_JUMP_IMM(condition, width, opcode, text)                          \
  case Op::kJ##condition##width##Imm:                                          \
    if (Compare<Operation::k##condition>(static_cast<Word<width>>(dst),        \
                                         Immediate<Word<width>>(step->imm))) { \
      step += step->offset;                                                    \
    }                                                                          \
    break;
#define EBPF_JUMP_REG(condition, width, opcode, text)                      \
  case Op::kJ##condition##width##Reg:                                      \
    if (Compare<Operation::k##condition>(static_cast<Word<width>>(dst),    \
                                         static_cast<Word<width>>(src))) { \
      step += step->offset;                                                \
    }                                                                      \
    break;
#include "core/isa/opcodes.def"
      case Op::kGoto:
        step += step->offset;
        break;
      case Op::kGotoLong:
        step += step->imm;
        break;
      case Op::kCallHelper:
        regs[0] = image.helpers[static_cast<size_t>(step->imm)](
            regs[1], regs[2], regs[3], regs[4], regs[5]);
        break;
      case Op::kCallSubprogram:
        if (depth + 1 == kMaxFrames) [[unlikely]] {
          return 0;  // not verified: stop before it does harm
        }
        SaveCaller(regs, step, run.frames[depth]);
        regs[isa::kFramePointer] = StackTop(run, ++depth);
        step += step->imm;
        break;
      case Op::kExit:
        if (depth == 0) {
          return regs[0];
        }
        RestoreCaller(run.frames[--depth], regs);
        step = reinterpret_cast<const Step*>(run.frames[depth].return_to);
        break;
      case Op::kLoadRun:
        dst = reinterpret_cast<uint64_t>(&run);
        break;
      case Op::kMayGoto: {
        const uint64_t counter = regs[isa::kFramePointer] +
                                 static_cast<uint64_t>(int64_t{step->imm});
        const auto left = Load<uint64_t>(counter);
        if (left == 0) {
          step += step->offset;
        } else {
          Store(counter, left - 1);
        }
        break;
      }
      case Op::kLoadImm64:
        dst = Constant(step);
        ++step;
        break;
      case Op::kLoadFunc:
        // Opaque to the program: what a helper may call back.
        dst = reinterpret_cast<uint64_t>(step + 1 + step->imm);
        ++step;
        break;
        // MakeImage refuses these.
#define EBPF_LEGACY(name, opcode, operands, text) case Op::k##name:
#include "core/isa/opcodes.def"
      case Op::kLoadMapFd:
      case Op::kLoadMapValue:
      case Op::kLoadBtfId:
      case Op::kLoadMapIdx:
      case Op::kLoadMapIdxValue:
      case Op::kCallKernel:
      case Op::kCallRegister:
      case Op::kTailCall:
      case Op::kCallDirect:
        return 0;
    }
  }
}

}  // namespace ebpf::interpreter
