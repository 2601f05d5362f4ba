// SPDX-License-Identifier: MIT
//
// The decoder of core/isa, in one look for what programs mostly consist of.
#pragma once

#include <stdint.h>

#include "core/isa/insn.h"
#include "core/isa/op.h"
#include "core/jit/op_traits.h"

namespace ebpf::jit {

/// How the first instruction of an opcode is told: by bits of its 64.
struct QuickRow {
  uint64_t mask = 0;   // of what is fixed: the selector, and what is reserved
  uint64_t value = 1;  // what is there; matches nothing where there is no row
  uint16_t flags = 0;  // OpTraits'
  uint8_t op = 0;
};

/// Whether `insn` is right, and of `row`'s kind. What is not, is for
/// isa::DecodeFixed to tell. Context: any.
inline bool Matches(const QuickRow& row, const isa::Insn& insn) {
  uint64_t bits;
  __builtin_memcpy(&bits, &insn, sizeof(bits));
  return (bits & row.mask) == row.value && insn.dst < isa::kRegisterCount &&
         insn.src < isa::kRegisterCount;
}

namespace quick_decode {

constexpr uint64_t kDstBits = 0xf00;
constexpr uint64_t kSrcBits = 0xf000;
constexpr uint64_t kOffsetBits = 0xffff0000;
constexpr uint64_t kImmBits = 0xffffffff00000000;

constexpr QuickRow Row(isa::Op op, isa::Field selector, int32_t value,
                       unsigned operands) {
  const OpTraits& traits = op_traits::kTable[static_cast<uint8_t>(op)];
  if (traits.family == isa::Family::kLoadImm64) {
    return {};  // two slots
  }
  QuickRow row;
  row.mask = ((operands & isa::kDst) != 0 ? 0 : kDstBits) |
             ((operands & isa::kSrc) != 0 ? 0 : kSrcBits) |
             ((operands & isa::kOffset) != 0 ? 0 : kOffsetBits) |
             ((operands & isa::kImm) != 0 ? 0 : kImmBits);
  const auto bits = static_cast<uint32_t>(value);
  switch (selector) {
    case isa::kSrc:
      row.mask |= kSrcBits;
      row.value = (uint64_t{bits} << 12) & kSrcBits;
      break;
    case isa::kOffset:
      row.mask |= kOffsetBits;
      row.value = (uint64_t{bits} << 16) & kOffsetBits;
      break;
    case isa::kImm:
      row.mask |= kImmBits;
      row.value = uint64_t{bits} << 32;
      break;
    default:
      row.value = 0;
      break;
  }
  row.flags = traits.flags;
  row.op = static_cast<uint8_t>(op);
  return row;
}

struct Table {
  QuickRow of[256];
};

constexpr Table MakeTable() {
  using namespace isa;  // the table names things as it would there
  Table table{};
  bool known[256] = {};
#define EBPF_INSN(name, opcode, selector, value, operands, text)         \
  if (!known[opcode]) {                                                  \
    known[opcode] = true;                                                \
    table.of[opcode] = Row(isa::Op::k##name, selector, value, operands); \
  }
#include "core/isa/opcodes.def"
  return table;
}

inline constexpr Table kTable = MakeTable();

}  // namespace quick_decode

inline const QuickRow& QuickRowOf(uint8_t opcode) {
  return quick_decode::kTable.of[opcode];
}

}  // namespace ebpf::jit
