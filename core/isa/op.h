// SPDX-License-Identifier: MIT
//
// The enumeration of eBPF's instructions, and what opcodes.def says of each.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/isa/insn.h"

namespace ebpf::isa {

/// One enumerator per row of opcodes.def, in its order: kAdd32Imm, kLoadU8...
enum class Op : uint8_t {
#define EBPF_INSN(name, opcode, selector, value, operands, text) k##name,
#include "core/isa/opcodes.def"
};

inline constexpr size_t kOpCount = 0
#define EBPF_INSN(name, opcode, selector, value, operands, text) +1
#include "core/isa/opcodes.def"
    ;

/// Fields of an instruction, as a set.
enum Field : uint8_t {
  kNothing = 0,
  kNone = 0,
  kDst = 1,
  kSrc = 2,
  kOffset = 4,
  kImm = 8,
  kNextImm = 16,  // imm of the second slot
};

/// The macro in opcodes.def by which an instruction is defined.
enum class Family : uint8_t {
  kAlu,             // dst = dst <operation> imm or src
  kNegate,          // dst = -dst
  kByteSwap,        // dst = <operation> of dst's low `width` bits
  kLoad,            // dst = *(src + offset)
  kStore,           // *(dst + offset) = imm or src
  kAtomic,          // ... and the result is lost
  kAtomicFetch,     // src = the old value
  kAtomicExchange,  // xchg and cmpxchg: src or r0 = the old value
  kJump,            // conditional
  kControl,         // goto, gotol, calls, exit
  kLoadImm64,       // two slots
  kLoadAcquire,     // dst = *(src + offset), ordered
  kStoreRelease,    // *(dst + offset) = src, ordered
  kLegacy,          // LD_ABS, LD_IND
  kInternal,        // only in what fixup made
};

enum class Operation : uint8_t {
  kNone,
  // kAlu; the first, kOr, kAnd and kXor of kAtomic too.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kSDiv,
  kOr,
  kAnd,
  kLsh,
  kRsh,
  kMod,
  kSMod,
  kXor,
  kMov,
  kArsh,
  kMovSx8,
  kMovSx16,
  kMovSx32,
  // kNegate, kByteSwap
  kNeg,
  kToLe,
  kToBe,
  kSwap,
  // kAtomicExchange
  kXchg,
  kCmpXchg,
  // kJump. kSet: dst & source is not 0.
  kEq,
  kGt,
  kGe,
  kSet,
  kNe,
  kSGt,
  kSGe,
  kLt,
  kLe,
  kSLt,
  kSLe,
};

/// The result is the source, whole or a sign-extended part of it.
constexpr bool IsMove(Operation operation) {
  return operation == Operation::kMov || operation == Operation::kMovSx8 ||
         operation == Operation::kMovSx16 || operation == Operation::kMovSx32;
}

/// What opcodes.def says of one instruction.
struct OpInfo {
  const char* name;  // "Add32Imm"
  const char* text;  // for the disassembler, see opcodes.def
  int32_t value;     // of the selector
  uint8_t opcode;
  Field selector;
  uint8_t operands;  // a set of Field
  Family family;
  Operation operation;  // kNone where the family says all
  /// Bits that are computed, moved or compared: 8, 16, 32, 64; 0 where it has
  /// no meaning (kControl).
  uint8_t width;
  /// kAlu, kStore, kJump: the source is src, not imm.
  bool source_is_register;
  /// kLoad: the value is sign-extended to 64 bits.
  bool sign_extends;
};

/// Precondition: `op` is an enumerator of Op. Context: any.
const OpInfo& InfoOf(Op op);

}  // namespace ebpf::isa
