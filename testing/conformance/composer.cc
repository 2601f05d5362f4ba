// SPDX-License-Identifier: MIT
//
// The composer's parts. The pointer is to the middle of the memory.
#include "testing/conformance/composer.h"

namespace ebpf::conformance {
namespace {

constexpr int kMiddle = 4 * kMemWords;

bool IsLoad(const MemoryOp& op) { return (op.opcode & 7) == 1; }

}  // namespace

void Composer::Constant(unsigned dst, uint64_t value) {
  Append(0x18, dst, 0, 0, static_cast<int64_t>(value));
  Append(0, 0, 0, 0, static_cast<int64_t>(value >> 32));
}

void Composer::Alu(const AluOp& op, unsigned dst, unsigned src) {
  int32_t imm = op.imm;
  if (!op.from_register && !op.unary) {
    imm = random_.OneIn(2) ? random_.Of(BoundaryImmediates())
                           : random_.Immediate();
    if (op.is_shift) {
      imm &= op.is_64 ? 63 : 31;
    } else if (op.divides && imm == 0) {
      imm = 3;
    }
  }
  Append(op.opcode, dst, op.from_register ? src : 0, op.offset, imm);
}

int Composer::OffsetFor(unsigned bytes) {
  const auto places = 8 * kMemWords / bytes;
  return static_cast<int>(bytes * random_.Below(places)) - kMiddle;
}

void Composer::Access(const MemoryOp& op, unsigned reg, int offset) {
  if (IsLoad(op)) {
    Append(op.opcode, reg, pointer_, offset, 0);
  } else {
    Append(op.opcode, pointer_, reg, offset, op.imm);
  }
}

void Composer::Load(const MemoryOp& op, unsigned dst) {
  Access(op, dst, OffsetFor(op.bytes));
}

void Composer::Store(const MemoryOp& op, unsigned src, int64_t imm) {
  Append(op.opcode, pointer_, src, OffsetFor(op.bytes), imm);
}

void Composer::Hide(unsigned reg) {
  body_.shown = static_cast<uint16_t>(body_.shown & ~(1u << reg));
}

void Composer::MayHide(unsigned reg) {
  const uint64_t choice = random_.Below(3);
  if (choice != 0) {
    Hide(reg);
  }
  if (choice == 1) {
    body_.shown_low = static_cast<uint16_t>(body_.shown_low | 1u << reg);
  }
}

Body Composer::Finish(size_t inputs, uint16_t small) {
  for (size_t i = 0; i < inputs; ++i) {
    Input input = random_.AnyInput();
    for (unsigned reg = 0; reg < kRegs; ++reg) {
      if ((small >> reg & 1) != 0) {
        input.regs[reg] = random_.Below(4);
      }
    }
    // Equal operands, now and then.
    if (random_.OneIn(4)) {
      const auto a = static_cast<unsigned>(random_.Below(kRegs));
      const auto b = static_cast<unsigned>(random_.Below(kRegs));
      if (((small >> a | small >> b) & 1) == 0) {
        input.regs[a] = input.regs[b];
      }
    }
    input.regs[pointer_] = kMiddle;
    input.pointers = static_cast<uint16_t>(1u << pointer_);
    body_.inputs.push_back(input);
  }
  return std::move(body_);
}

}  // namespace ebpf::conformance
