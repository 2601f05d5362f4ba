// SPDX-License-Identifier: MIT
//
// The disassembler: fills in the text column of opcodes.def.
#include "core/isa/disassemble.h"

namespace ebpf::isa {
namespace {

// -0x1, 0x10. `plus` is written before what is not negative.
void PutSignedHex(int64_t value, TextWriter& writer, StringView minus,
                  StringView plus) {
  const uint64_t bits = static_cast<uint64_t>(value);
  writer.Put(value < 0 ? minus : plus).Put("0x");
  writer.PutHex(value < 0 ? 0 - bits : bits);
}

void PutRegister(char kind, unsigned number, TextWriter& writer) {
  writer.Put(kind);
  writer.PutUnsigned(number);
}

void PutField(char field, const DecodedInsn& insn, TextWriter& writer) {
  switch (field) {
    case 'd':
      return PutRegister('r', insn.dst, writer);
    case 'w':
      return PutRegister('w', insn.dst, writer);
    case 's':
      return PutRegister('r', insn.src, writer);
    case 'v':
      return PutRegister('w', insn.src, writer);
    case 'i':
      return PutSignedHex(insn.imm, writer, "-", "");
    case 'I':
      return PutSignedHex(static_cast<int64_t>(insn.imm64()), writer, "-", "");
    case 'm':
      return PutSignedHex(insn.offset, writer, "- ", "+ ");
    case 'j':
      return PutSignedHex(insn.offset, writer, "-", "+");
    case 'l':
      return PutSignedHex(insn.imm, writer, "-", "+");
    case 'p':
      return PutSignedHex(insn.src, writer, "-", "");
    default:  // %%
      writer.Put(field);
  }
}

}  // namespace

void Disassemble(const DecodedInsn& insn, TextWriter& writer) {
  for (const char* at = insn.info().text; *at != '\0'; ++at) {
    if (*at == '%') {
      PutField(*++at, insn, writer);
    } else {
      writer.Put(*at);
    }
  }
}

}  // namespace ebpf::isa
