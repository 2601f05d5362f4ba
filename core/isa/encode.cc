// SPDX-License-Identifier: MIT
//
// The encoder, driven by opcodes.def's columns.
#include "core/isa/encode.h"

namespace ebpf::isa {

Status Encode(const DecodedInsn& insn, Insns out) {
  const OpInfo& info = insn.info();
  const auto uses = [&info](Field field) {
    return (info.operands & field) != 0;
  };
  const auto value_of = [&](Field field, int32_t value) {
    if (info.selector == field) {
      return info.value;
    }
    return uses(field) ? value : 0;
  };
  const size_t slots = info.family == Family::kLoadImm64 ? 2 : 1;
  if (out.size() < slots) {
    return Status::kNoSpace;
  }
  if ((uses(kDst) && insn.dst >= kRegisterCount) ||
      (uses(kSrc) && insn.src >= kRegisterCount)) {
    return Status::kInvalid;
  }
  out[0].opcode = info.opcode;
  out[0].dst = (uses(kDst) ? insn.dst : 0) & 0xf;
  out[0].src = value_of(kSrc, insn.src) & 0xf;
  out[0].offset = static_cast<int16_t>(value_of(kOffset, insn.offset));
  out[0].imm = value_of(kImm, insn.imm);
  if (slots == 2) {
    out[1] = Insn{};
    out[1].imm = value_of(kNextImm, insn.next_imm);
  }
  return Status::kOk;
}

}  // namespace ebpf::isa
