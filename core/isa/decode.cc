// SPDX-License-Identifier: MIT
//
// The decoder, driven by opcodes.def's columns.
#include "core/isa/decode.h"

namespace ebpf::isa {
namespace {

constexpr uint8_t kLoadImm64Opcode = 0x18;
constexpr uint8_t kEnd = 255;
static_assert(kOpCount < kEnd);

struct Row {
  uint8_t opcode;
  Field selector;
  uint8_t operands;
  int32_t value;
};
constexpr Row kRows[] = {
#define EBPF_INSN(name, opcode, selector, value, operands, text) \
  {opcode, selector, operands, value},
#include "core/isa/opcodes.def"
};

/// For each opcode its first row, for each row the next one of its opcode.
struct Index {
  uint8_t first[256];
  uint8_t next[kOpCount];
};

constexpr Index MakeIndex() {
  Index index{};
  for (uint8_t& first : index.first) {
    first = kEnd;
  }
  for (size_t i = kOpCount; i-- > 0;) {
    uint8_t& first = index.first[kRows[i].opcode];
    index.next[i] = first;
    first = static_cast<uint8_t>(i);
  }
  return index;
}
constexpr Index kIndex = MakeIndex();

// Rows that share an opcode must be told apart, by one field.
constexpr bool SelectorsAreUnambiguous() {
  for (size_t i = 0; i < kOpCount; ++i) {
    for (size_t j = kIndex.next[i]; j != kEnd; j = kIndex.next[j]) {
      if (kRows[i].selector == kNone ||
          kRows[i].selector != kRows[j].selector ||
          kRows[i].value == kRows[j].value) {
        return false;
      }
    }
  }
  return true;
}
static_assert(SelectorsAreUnambiguous());

int32_t FieldOf(const Insn& insn, Field field) {
  switch (field) {
    case kSrc:
      return insn.src;
    case kOffset:
      return insn.offset;
    case kImm:
      return insn.imm;
    default:
      return 0;
  }
}

DecodeError ErrorIn(Field field) {
  switch (field) {
    case kSrc:
      return DecodeError::kSrc;
    case kOffset:
      return DecodeError::kOffset;
    case kImm:
      return DecodeError::kImm;
    default:
      return DecodeError::kOpcode;
  }
}

/// Whether a register field is a register where used, else 0.
bool RegisterIsRight(unsigned number, bool used) {
  return used ? number < kRegisterCount : number == 0;
}

DecodeError DecodeSecondSlot(ConstInsns insns, size_t index, uint8_t operands,
                             DecodedInsn& out) {
  if (insns.size() - index < 2) {
    return DecodeError::kTruncated;
  }
  const Insn& second = insns[index + 1];
  if (second.opcode != 0 || second.dst != 0 || second.src != 0 ||
      second.offset != 0) {
    return DecodeError::kSecondSlot;
  }
  if ((operands & kNextImm) == 0 && second.imm != 0) {
    return DecodeError::kSecondSlot;
  }
  out.slots = 2;
  out.next_imm = second.imm;
  return DecodeError::kNone;
}

}  // namespace

DecodeError DecodeFixed(ConstInsns insns, size_t index, DecodedInsn& out) {
  const Insn& insn = insns[index];
  uint8_t row = kIndex.first[insn.opcode];
  if (row == kEnd) {
    return DecodeError::kOpcode;
  }
  const Field selector = kRows[row].selector;
  while (FieldOf(insn, selector) != kRows[row].value) {
    row = kIndex.next[row];
    if (row == kEnd) {
      return ErrorIn(selector);
    }
  }
  const uint8_t operands = kRows[row].operands;
  out.op = static_cast<Op>(row);
  out.slots = 1;
  out.dst = insn.dst;
  out.src = insn.src;
  out.offset = insn.offset;
  out.imm = insn.imm;
  out.next_imm = 0;
  if (!RegisterIsRight(insn.dst, (operands & kDst) != 0)) {
    return DecodeError::kDst;
  }
  if (selector != kSrc && !RegisterIsRight(insn.src, (operands & kSrc) != 0)) {
    return DecodeError::kSrc;
  }
  const uint8_t free = operands | selector;
  if ((free & kOffset) == 0 && insn.offset != 0) {
    return DecodeError::kOffset;
  }
  if ((free & kImm) == 0 && insn.imm != 0) {
    return DecodeError::kImm;
  }
  if (insn.opcode == kLoadImm64Opcode) {
    return DecodeSecondSlot(insns, index, operands, out);
  }
  return DecodeError::kNone;
}

DecodeError Decode(ConstInsns insns, size_t index, DecodedInsn& out) {
  const DecodeError error = DecodeFixed(insns, index, out);
  if (error != DecodeError::kNone) {
    return error;
  }
  const OpInfo& info = out.info();
  if (info.family == Family::kInternal) {
    return ErrorIn(info.selector);
  }
  // Where the count is, is for fixup to say.
  return out.op == Op::kMayGoto && out.imm != 0 ? DecodeError::kImm
                                                : DecodeError::kNone;
}

const char* DecodeErrorText(DecodeError error) {
  switch (error) {
    case DecodeError::kNone:
      return "no error";
    case DecodeError::kOpcode:
      return "unknown opcode";
    case DecodeError::kDst:
      return "dst_reg is no register or not 0";
    case DecodeError::kSrc:
      return "src_reg is no register, not 0 or unknown";
    case DecodeError::kOffset:
      return "off is not 0 or unknown";
    case DecodeError::kImm:
      return "imm is not 0 or unknown";
    case DecodeError::kTruncated:
      return "the second slot is missing";
    case DecodeError::kSecondSlot:
      return "the second slot is not one";
  }
  return "no error";
}

}  // namespace ebpf::isa
