// SPDX-License-Identifier: MIT
//
// The longer sequences of RISC-V's emitter: constants above all.
#include "arch/riscv64/emitter.h"

#include "core/base/bits.h"

namespace ebpf::riscv64 {

namespace {

/// What is added last to make `value`: its low twelve bits, with their sign.
int64_t LowerOf(int64_t value) {
  return SignExtend(static_cast<uint64_t>(value), 12);
}

/// `value` without it, which wraps where it must.
int64_t WithoutLower(int64_t value) {
  return static_cast<int64_t>(static_cast<uint64_t>(value) -
                              static_cast<uint64_t>(LowerOf(value)));
}

unsigned TrailingZeros(int64_t value) {
  return CountTrailingZeros(static_cast<uint64_t>(value));
}

unsigned LeadingZeros(int64_t value) {
  return CountLeadingZeros(static_cast<uint64_t>(value));
}

/// Whether `value`, which is to be shifted left by `shift`, is better shifted
/// by twelve at once: LUI does that for nothing.
bool WantsUpper(int64_t value, unsigned shift) {
  return shift > 12 && encode::Fits(value, 20) && !encode::Fits(value, 12);
}

/// Instructions that ShiftAndAdd takes.
unsigned LengthOf(int64_t value) {
  unsigned length = 0;
  unsigned shift = 0;
  while (!encode::Fits(value, 32)) {
    length += LowerOf(value) == 0 ? 1 : 2;
    value = WithoutLower(value);
    shift = TrailingZeros(value);
    value >>= shift;
  }
  if (WantsUpper(value, shift)) {
    return length + 1;
  }
  if (encode::Fits(value, 12) || LowerOf(value) == 0) {
    return length + 1;
  }
  return length + 2;
}

/// A constant made by ShiftAndAdd and, where that is shorter, a shift that puts
/// zeros above it.
struct Plan {
  int64_t value;
  unsigned shift;
  unsigned length;
};

Plan PlanOf(int64_t value) {
  Plan plan = {value, 0, LengthOf(value)};
  if (value <= 0 || plan.length <= 2) {
    return plan;
  }
  // What is shifted out can be anything.
  const unsigned zeros = LeadingZeros(value);
  const uint64_t shifted = static_cast<uint64_t>(value) << zeros;
  const uint64_t ones = (uint64_t{1} << zeros) - 1;
  for (unsigned i = 0; i < 2; ++i) {
    const uint64_t low = i == 0 ? ones : 0;
    const auto candidate = static_cast<int64_t>(shifted | low);
    const unsigned length = LengthOf(candidate) + 1;
    if (length < plan.length) {
      plan = {candidate, zeros, length};
    }
  }
  return plan;
}

/// A constant of more than 32 bits as a shorter one, shifted to the left, and
/// what is added then, layer upon layer.
void ShiftAndAdd(Emitter& emit, unsigned rd, int64_t value) {
  struct Layer {
    uint8_t shift;
    int16_t lower;
  };
  Layer layers[4];
  unsigned count = 0;
  while (!encode::Fits(value, 32)) {
    Layer& layer = layers[count++];
    layer.lower = static_cast<int16_t>(LowerOf(value));
    value = WithoutLower(value);
    layer.shift = static_cast<uint8_t>(TrailingZeros(value));
    value >>= layer.shift;
    if (WantsUpper(value, layer.shift)) {
      value = static_cast<int64_t>(static_cast<uint64_t>(value) << 12);
      layer.shift = static_cast<uint8_t>(layer.shift - 12);
    }
  }
  emit.Constant32(rd, value);
  while (count > 0) {
    const Layer& layer = layers[--count];
    emit.ShiftLeft(rd, rd, layer.shift);
    emit.AddImm(rd, rd, layer.lower);
  }
}

}  // namespace

void Emitter::UpperAndLower(unsigned rd, int64_t value) {
  const int64_t lower = LowerOf(value);
  // Near 2^31 this is 2^31, and ADDIW wraps back.
  const int64_t upper =
      SignExtend(static_cast<uint64_t>(value - lower) >> 12, 20);
  if (encode::Fits(upper, 6)) {
    Half(encode::ShortImm(encode::kCLui, rd, upper));
  } else {
    Word(encode::Lui(rd, upper));
  }
  if (lower != 0) {
    AddImmW(rd, rd, lower);
  }
}

void Emitter::Constant64(unsigned rd, int64_t value) {
  const Plan plan = PlanOf(value);
  ShiftAndAdd(*this, rd, plan.value);
  if (plan.shift != 0) {
    ShiftRight(rd, rd, plan.shift);
  }
}

unsigned Emitter::ConstantLength(int64_t value) { return PlanOf(value).length; }

void Emitter::AddToSp(unsigned rd, int64_t imm) {
  if (rd == encode::kSp && imm % 16 == 0 && encode::Fits(imm, 10)) {
    Half(encode::CAddi16sp(imm));
  } else if (encode::IsShort(rd) && imm % 4 == 0 && imm > 0 && imm < 1024) {
    Half(encode::CAddi4spn(rd, imm));
  } else {
    Imm(encode::kAddi, rd, encode::kSp, imm);
  }
}

}  // namespace ebpf::riscv64
