// SPDX-License-Identifier: MIT
//
// The loop over steps, made from opcodes.def. An instruction without its part
// here does not compile: the table of labels names all of them.
#pragma once

#include <stdint.h>

#include "core/interpreter/arithmetic.h"
#include "core/interpreter/execute.h"
#include "core/interpreter/memory_access.h"
#include "core/interpreter/step.h"
#include "core/maps/prog_array_map.h"
#include "core/program/program.h"
#include "core/program/run_context.h"

namespace ebpf::interpreter {

/// Who watches a run: asked before each step, with the registers as they are;
/// false ends the run. The loop is compiled anew for each kind of observer.
struct NoObserver {
  static constexpr bool kObserves = false;
  bool Before(const Step& /*step*/, const uint64_t* /*regs*/,
              const RunContext& /*run*/) {
    return true;
  }
};

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
using UintOf = typename WordOf<kBits>::Type;

/// `imm` as an operand: the sign goes up to 64 bits, then T is cut off.
template <typename T>
constexpr T Immediate(int32_t imm) {
  return static_cast<T>(static_cast<int64_t>(imm));
}

/// The function whose address is `step->imm` words from `step`.
inline DirectCall FunctionOf(const Step* step) {
  const auto* word = reinterpret_cast<const Word*>(step) + step->imm;
  return reinterpret_cast<DirectCall>(word->value);
}

inline void SaveCaller(const uint64_t* regs, const Step* call,
                       RunContext::Frame& frame) {
  for (unsigned i = 0; i < 5; ++i) {
    frame.saved[i] = regs[6 + i];
  }
  frame.return_to = reinterpret_cast<uint64_t>(call);
}

inline const Step* RestoreCaller(const RunContext::Frame& frame,
                                 uint64_t* regs) {
  for (unsigned i = 0; i < 5; ++i) {
    regs[6 + i] = frame.saved[i];
  }
  return reinterpret_cast<const Step*>(frame.return_to);
}

/// The program that a tail call from `depth` calls deep goes to, already
/// counted; null: go on. [core/program/run_context.h]
inline const Step* TailCallTo(const uint64_t* regs, uint32_t depth,
                              RunContext& run) {
  const auto& map = *reinterpret_cast<const ProgArrayMap*>(regs[2]);
  const TailCallTarget* target = map.At(static_cast<uint32_t>(regs[3]));
  if (target == nullptr || run.tail_calls >= kMaxTailCalls ||
      run.frames_left + depth > kMaxFramesLeft) {
    return nullptr;
  }
  ++run.tail_calls;
  run.frames_left += depth;
  run.program = static_cast<const Program*>(target->program);
  return static_cast<const Step*>(target->entry);
}

// Whether the conditional jump `step` is taken.
#define EBPF_JUMP_IMM(condition, width, opcode, text)               \
  inline bool J##condition##width##ImmHolds(const Step& step,       \
                                            const uint64_t* regs) { \
    return Compare<Operation::k##condition>(                        \
        static_cast<UintOf<width>>(regs[step.dst]),                 \
        Immediate<UintOf<width>>(step.imm));                        \
  }
#define EBPF_JUMP_REG(condition, width, opcode, text)               \
  inline bool J##condition##width##RegHolds(const Step& step,       \
                                            const uint64_t* regs) { \
    return Compare<Operation::k##condition>(                        \
        static_cast<UintOf<width>>(regs[step.dst]),                 \
        static_cast<UintOf<width>>(regs[step.src()]));              \
  }
#include "core/isa/opcodes.def"

// A label for each step, and a jump from each to the next one's.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-label-as-value"
#endif

/// See Execute.
template <typename Observer>
uint64_t Loop(const Step* step, const uint64_t (&args)[5], uint64_t stack_top,
              RunContext& run, Observer& observer) {
  static constexpr const void* kLabels[kStepOpCount] = {
#define EBPF_INSN(name, opcode, selector, value, operands, text) &&name,
#include "core/isa/opcodes.def"
#define EBPF_STEP(name) &&name,
#include "core/interpreter/steps.def"
  };

  uint64_t regs[kStepRegisterCount];
  regs[kZeroRegister] = 0;
  regs[0] = 0;
  for (unsigned i = 0; i < 5; ++i) {
    regs[1 + i] = args[i];
    regs[6 + i] = 0;
  }
  regs[isa::kFramePointer] = stack_top;
  RunContext::Frame* const first_frame = run.frames + run.frame_count;
  RunContext::Frame* frame = first_frame;

#define EBPF_DISPATCH()                            \
  do {                                             \
    if constexpr (Observer::kObserves) {           \
      if (!observer.Before(*step, regs, run)) {    \
        return 0;                                  \
      }                                            \
    }                                              \
    goto* kLabels[static_cast<uint8_t>(step->op)]; \
  } while (false)
#define EBPF_SUM(width)                                                    \
  (Compute<Operation::kAdd>(static_cast<UintOf<width>>(regs[step->lhs()]), \
                            Immediate<UintOf<width>>(step->imm)))
#define EBPF_NEXT()  \
  do {               \
    ++step;          \
    EBPF_DISPATCH(); \
  } while (false)
#define EBPF_DST regs[step->dst]
#define EBPF_LHS regs[step->lhs()]
#define EBPF_SRC regs[step->src()]
#define EBPF_ADDRESS(base) \
  (regs[base] + static_cast<uint64_t>(int64_t{step->offset}))

  (void)observer;
  EBPF_DISPATCH();

#define EBPF_ALU_IMM(operation, width, opcode, selector, text)         \
  operation##width##Imm : EBPF_DST = Compute<Operation::k##operation>( \
                              static_cast<UintOf<width>>(EBPF_LHS),    \
                              Immediate<UintOf<width>>(step->imm));    \
  EBPF_NEXT();
#define EBPF_ALU_REG(operation, width, opcode, selector, text)         \
  operation##width##Reg : EBPF_DST = Compute<Operation::k##operation>( \
                              static_cast<UintOf<width>>(EBPF_LHS),    \
                              static_cast<UintOf<width>>(EBPF_SRC));   \
  EBPF_NEXT();
#define EBPF_NEGATE(width, opcode, text)                                    \
  Neg##width : EBPF_DST =                                                   \
                   UintOf<width>{0} - static_cast<UintOf<width>>(EBPF_DST); \
  EBPF_NEXT();
#define EBPF_BYTE_SWAP(operation, bits, opcode, text)                        \
  operation##bits                                                            \
      : EBPF_DST = Reorder<Operation::k##operation, UintOf<bits>>(EBPF_DST); \
  EBPF_NEXT();
#define EBPF_LOAD(type, bits, opcode, text)                              \
  Load##type : EBPF_DST = LoadExtended<type>(EBPF_ADDRESS(step->src())); \
  EBPF_NEXT();
#define EBPF_STORE_IMM(type, bits, opcode, text)                            \
  Store##type##Imm                                                          \
      : Store(EBPF_ADDRESS(step->dst), Immediate<UintOf<bits>>(step->imm)); \
  EBPF_NEXT();
#define EBPF_STORE_REG(type, bits, opcode, text)                             \
  Store##type##Reg                                                           \
      : Store(EBPF_ADDRESS(step->dst), static_cast<UintOf<bits>>(EBPF_SRC)); \
  EBPF_NEXT();
#define EBPF_ATOMIC(operation, width, opcode, imm, text)                    \
  Atomic##operation##width                                                  \
      : FetchModify<Operation::k##operation, __ATOMIC_RELAXED>(             \
            EBPF_ADDRESS(step->dst), static_cast<UintOf<width>>(EBPF_SRC)); \
  EBPF_NEXT();
#define EBPF_ATOMIC_FETCH(operation, width, opcode, imm, text)              \
  AtomicFetch##operation##width                                             \
      : EBPF_SRC = FetchModify<Operation::k##operation, __ATOMIC_SEQ_CST>(  \
            EBPF_ADDRESS(step->dst), static_cast<UintOf<width>>(EBPF_SRC)); \
  EBPF_NEXT();
#define EBPF_ATOMIC_EXCHANGE(operation, width, opcode, imm, text)       \
  Atomic##operation##width                                              \
      : if constexpr (Operation::k##operation == Operation::kXchg) {    \
    EBPF_SRC = FetchModify<Operation::kXchg, __ATOMIC_SEQ_CST>(         \
        EBPF_ADDRESS(step->dst), static_cast<UintOf<width>>(EBPF_SRC)); \
  }                                                                     \
  else {                                                                \
    regs[0] = CompareExchange(EBPF_ADDRESS(step->dst),                  \
                              static_cast<UintOf<width>>(regs[0]),      \
                              static_cast<UintOf<width>>(EBPF_SRC));    \
  }                                                                     \
  EBPF_NEXT();
#define EBPF_LOAD_ACQUIRE(type, bits, opcode, text)                            \
  LoadAcquire##type : EBPF_DST = LoadAcquire<type>(EBPF_ADDRESS(step->src())); \
  EBPF_NEXT();
#define EBPF_STORE_RELEASE(type, bits, opcode, text)                      \
  StoreRelease##type : StoreRelease(EBPF_ADDRESS(step->dst),              \
                                    static_cast<UintOf<bits>>(EBPF_SRC)); \
  EBPF_NEXT();
#define EBPF_JUMP_IMM(condition, width, opcode, text)                          \
  J##condition##width##Imm : if (J##condition##width##ImmHolds(*step, regs)) { \
    step += step->offset;                                                      \
    EBPF_NEXT();                                                               \
  }                                                                            \
  EBPF_NEXT();
#define EBPF_JUMP_REG(condition, width, opcode, text)                          \
  J##condition##width##Reg : if (J##condition##width##RegHolds(*step, regs)) { \
    step += step->offset;                                                      \
    EBPF_NEXT();                                                               \
  }                                                                            \
  EBPF_NEXT();
  using U8 = uint8_t;
  using U16 = uint16_t;
  using U32 = uint32_t;
  using U64 = uint64_t;
  using S8 = int8_t;
  using S16 = int16_t;
  using S32 = int32_t;
#include "core/isa/opcodes.def"

Goto:
  step += step->offset;
  EBPF_NEXT();
GotoLong:
  step += step->imm;
  EBPF_NEXT();
MayGoto: {
  const uint64_t count =
      regs[isa::kFramePointer] + static_cast<uint64_t>(int64_t{step->imm});
  const auto left = Load<uint64_t>(count);
  if (left == 0) {
    step += step->offset;
  } else {
    Store(count, left - 1);
  }
  EBPF_NEXT();
}
CallHelper:
CallDirect:
  regs[0] = FunctionOf(step)(regs[1], regs[2], regs[3], regs[4], regs[5]);
  EBPF_NEXT();
CallHelperThatCallsBack:
  run.frame_count = static_cast<uint32_t>(frame - run.frames);
  run.stack_below =
      regs[isa::kFramePointer] - static_cast<uint64_t>(int64_t{step->offset});
  regs[0] = FunctionOf(step)(regs[1], regs[2], regs[3], regs[4], regs[5]);
  EBPF_NEXT();
CallSubprogram: {
  const uint64_t top =
      regs[isa::kFramePointer] - static_cast<uint64_t>(int64_t{step->offset});
  if (frame == run.frames + kFrameCount || !HasStack(run, top)) [[unlikely]] {
    return 0;  // not verified: stop before it does harm
  }
  SaveCaller(regs, step, *frame++);
  regs[isa::kFramePointer] = top;
  step += step->imm;
  EBPF_NEXT();
}
TailCall: {
  const Step* const entry =
      TailCallTo(regs, static_cast<uint32_t>(step->offset), run);
  if (entry == nullptr) {
    EBPF_NEXT();
  }
  step = entry;
  EBPF_DISPATCH();
}
Exit:
  if (frame == first_frame) {
    return regs[0];
  }
  step = RestoreCaller(*--frame, regs);
  EBPF_NEXT();
LoadRun:
  EBPF_DST = reinterpret_cast<uint64_t>(&run);
  EBPF_NEXT();
LoadImm64:
  EBPF_DST = reinterpret_cast<const Word*>(step)[1].value;
  ++step;
  EBPF_NEXT();
LoadFunc:
  // Opaque to the program: what a helper may call back.
  EBPF_DST = reinterpret_cast<uint64_t>(step + 1 + step->imm);
  ++step;
  EBPF_NEXT();

  // Several instructions in one.
#define EBPF_STEP_LOAD_PROBED(type)                                          \
  LoadProbed##type : EBPF_DST = LoadProbed<type>(EBPF_ADDRESS(step->src())); \
  EBPF_NEXT();
#define EBPF_STEP_LOAD_INDEXED(type)                         \
  LoadIndexed##type : {                                      \
    const uint64_t sum = EBPF_SRC + regs[step->index()];     \
    regs[step->sum()] = sum;                                 \
    EBPF_DST = LoadExtended<type>(                           \
        sum + static_cast<uint64_t>(int64_t{step->offset})); \
    EBPF_NEXT();                                             \
  }
// The next step's own code would do for the jump; a copy of it, with a jump
// to the next step of its own, is foreseen better by the CPU.
#define EBPF_STEP_SUM_JUMP(width, jump) \
  Sum##width##And##jump : {             \
    EBPF_DST = EBPF_SUM(width);         \
    ++step;                             \
    if (jump##Holds(*step, regs)) {     \
      step += step->offset;             \
      EBPF_NEXT();                      \
    }                                   \
    EBPF_NEXT();                        \
  }
#define EBPF_STEP_SUM_LOAD(type)                              \
  SumAndLoad##type : {                                        \
    EBPF_DST = EBPF_SUM(64);                                  \
    ++step;                                                   \
    EBPF_DST = LoadExtended<type>(EBPF_ADDRESS(step->src())); \
    EBPF_NEXT();                                              \
  }
#define EBPF_STEP_SUM_STORE(type)                                \
  SumAndStore##type : {                                          \
    EBPF_DST = EBPF_SUM(64);                                     \
    ++step;                                                      \
    Store(EBPF_ADDRESS(step->dst), static_cast<type>(EBPF_SRC)); \
    EBPF_NEXT();                                                 \
  }
#define EBPF_STEP_SUM_CONTROL(name) \
  SumAnd##name : {                  \
    EBPF_DST = EBPF_SUM(64);        \
    ++step;                         \
    goto name;                      \
  }
#define EBPF_STEP_LOAD_SUM(type)                              \
  Load##type##AndSum : {                                      \
    EBPF_DST = LoadExtended<type>(EBPF_ADDRESS(step->src())); \
    ++step;                                                   \
    EBPF_DST = EBPF_SUM(64);                                  \
    EBPF_NEXT();                                              \
  }
#define EBPF_STEP_STORE_SUM(type)                                \
  Store##type##AndSum : {                                        \
    Store(EBPF_ADDRESS(step->dst), static_cast<type>(EBPF_SRC)); \
    ++step;                                                      \
    EBPF_DST = EBPF_SUM(64);                                     \
    EBPF_NEXT();                                                 \
  }
#define EBPF_STEP_SHIFT_ALU(shift, operation)                       \
  shift##And##operation : {                                         \
    const uint64_t shifted = Compute<Operation::k##shift>(          \
        EBPF_LHS, Immediate<uint64_t>(step->imm));                  \
    EBPF_DST = shifted;                                             \
    ++step;                                                         \
    EBPF_DST = Compute<Operation::k##operation>(EBPF_LHS, shifted); \
    EBPF_NEXT();                                                    \
  }
#define EBPF_STEP_LOAD_STORE(type)                            \
  LoadAndStore##type : {                                      \
    const auto value = Load<type>(EBPF_ADDRESS(step->src())); \
    EBPF_DST = value;                                         \
    ++step;                                                   \
    Store(EBPF_ADDRESS(step->dst), value);                    \
    EBPF_NEXT();                                              \
  }
#define EBPF_STEP_LOAD_LOAD(type)                             \
  Load##type##Twice : {                                       \
    EBPF_DST = LoadExtended<type>(EBPF_ADDRESS(step->src())); \
    ++step;                                                   \
    EBPF_DST = LoadExtended<type>(EBPF_ADDRESS(step->src())); \
    EBPF_NEXT();                                              \
  }
#include "core/interpreter/steps.def"
SumAndSum:
  EBPF_DST = EBPF_SUM(64);
  ++step;
  EBPF_DST = EBPF_SUM(64);
  EBPF_NEXT();
SumAndAdd:
  EBPF_DST = EBPF_SUM(64);
  ++step;
  EBPF_DST = EBPF_LHS + EBPF_SRC;
  EBPF_NEXT();
AddAndSum:
  EBPF_DST = EBPF_LHS + EBPF_SRC;
  ++step;
  EBPF_DST = EBPF_SUM(64);
  EBPF_NEXT();

  // MakeImage makes none of these where a path comes.
#define EBPF_LEGACY(name, opcode, operands, text) \
  name:
#include "core/isa/opcodes.def"
LoadMapFd:
LoadMapValue:
LoadBtfId:
LoadMapIdx:
LoadMapIdxValue:
CallKernel:
CallRegister:
Hole:
  return 0;

#undef EBPF_ADDRESS
#undef EBPF_SRC
#undef EBPF_LHS
#undef EBPF_DST
#undef EBPF_NEXT
#undef EBPF_SUM
#undef EBPF_DISPATCH
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace ebpf::interpreter
