// SPDX-License-Identifier: MIT
//
// The table behind op.h, made from opcodes.def.
#include "core/isa/op.h"

namespace ebpf::isa {
namespace {

// What a row's own family macro tells.
struct Traits {
  Family family;
  Operation operation = Operation::kNone;
  uint8_t width = 0;
  bool source_is_register = false;
  bool sign_extends = false;
};

enum LoadType { kU8, kU16, kU32, kU64, kS8, kS16, kS32 };

constexpr Traits kTraits[] = {
#define EBPF_ALU_IMM(operation, width, opcode, offset, text) \
  {Family::kAlu, Operation::k##operation, width},
#define EBPF_ALU_REG(operation, width, opcode, offset, text) \
  {Family::kAlu, Operation::k##operation, width, true},
#define EBPF_NEGATE(width, opcode, text) \
  {Family::kNegate, Operation::kNeg, width},
#define EBPF_BYTE_SWAP(operation, bits, opcode, text) \
  {Family::kByteSwap, Operation::k##operation, bits},
#define EBPF_LOAD(type, bits, opcode, text) \
  {Family::kLoad, Operation::kNone, bits, false, k##type >= kS8},
#define EBPF_STORE_IMM(type, bits, opcode, text) \
  {Family::kStore, Operation::kNone, bits},
#define EBPF_STORE_REG(type, bits, opcode, text) \
  {Family::kStore, Operation::kNone, bits, true},
#define EBPF_ATOMIC(operation, width, opcode, imm, text) \
  {Family::kAtomic, Operation::k##operation, width},
#define EBPF_ATOMIC_FETCH(operation, width, opcode, imm, text) \
  {Family::kAtomicFetch, Operation::k##operation, width},
#define EBPF_ATOMIC_EXCHANGE(operation, width, opcode, imm, text) \
  {Family::kAtomicExchange, Operation::k##operation, width},
#define EBPF_JUMP_IMM(condition, width, opcode, text) \
  {Family::kJump, Operation::k##condition, width},
#define EBPF_JUMP_REG(condition, width, opcode, text) \
  {Family::kJump, Operation::k##condition, width, true},
#define EBPF_CONTROL(name, opcode, selector, value, operands, text) \
  {Family::kControl},
#define EBPF_LOAD_IMM64(name, source, next, text) \
  {Family::kLoadImm64, Operation::kNone, 64},
#define EBPF_LOAD_ACQUIRE(type, bits, opcode, text) \
  {Family::kLoadAcquire, Operation::kNone, bits},
#define EBPF_STORE_RELEASE(type, bits, opcode, text) \
  {Family::kStoreRelease, Operation::kNone, bits, true},
#define EBPF_LEGACY(name, opcode, operands, text) {Family::kLegacy},
#define EBPF_INTERNAL(name, opcode, selector, value, operands, text) \
  {Family::kInternal},
#include "core/isa/opcodes.def"
};
static_assert(sizeof(kTraits) == kOpCount * sizeof(Traits));

constexpr OpInfo Row(Op op, const char* name, const char* text, uint8_t opcode,
                     Field selector, int32_t value, int operands) {
  const Traits& traits = kTraits[static_cast<size_t>(op)];
  return OpInfo{name,
                text,
                value,
                opcode,
                selector,
                static_cast<uint8_t>(operands),
                traits.family,
                traits.operation,
                traits.width,
                traits.source_is_register,
                traits.sign_extends};
}

constexpr OpInfo kInfos[] = {
#define EBPF_INSN(name, opcode, selector, value, operands, text) \
  Row(Op::k##name, #name, text, opcode, selector, value, operands),
#include "core/isa/opcodes.def"
};

}  // namespace

const OpInfo& InfoOf(Op op) { return kInfos[static_cast<size_t>(op)]; }

}  // namespace ebpf::isa
