// SPDX-License-Identifier: MIT
//
// Sequences that compilers write for what eBPF has no instruction for.
#include "testing/conformance/composer.h"
#include "testing/conformance/contexts.h"

namespace ebpf::conformance {
namespace {

constexpr size_t kInputs = 16;

struct Idiom {
  /// `a`, `b`, `t`: registers, all different from the pointer.
  void (*append)(Composer& c, unsigned a, unsigned b, unsigned t);
  bool small_b = false;  // b is below 4
};

unsigned Pick(Random& random, std::initializer_list<unsigned> values) {
  return values.begin()[random.Below(values.size())];
}

int64_t Count(Random& random, uint64_t limit) {
  return static_cast<int64_t>(random.Below(limit));
}

/// t = a; t <<= n; a >>= 64 - n; a |= t, in all its orders; sometimes not quite
/// a rotate.
void Rotate(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const bool is_64 = !random.OneIn(4);
  const int64_t bits = is_64 ? 64 : 32;
  const int64_t n = 1 + Count(random, static_cast<uint64_t>(bits) - 1);
  const int64_t other = random.OneIn(6) ? Count(random, 32) : bits - n;
  const unsigned left = is_64 ? kLsh : kLsh32;
  const unsigned right = is_64 ? kRsh : random.OneIn(4) ? kRsh : kRsh32;
  const bool left_first = random.OneIn(2);
  const unsigned source = random.OneIn(3) ? b : a;
  c.Append(is_64 || random.OneIn(2) ? kMov : kMov32, t, source, 0, 0);
  c.Append(left_first ? left : right, t, 0, 0, left_first ? n : other);
  c.Append(left_first ? right : left, a, 0, 0, left_first ? other : n);
  const unsigned join = is_64 ? Pick(random, {kOr, kOr, kAdd, 0xaf})
                              : Pick(random, {kOr, 0x4c, 0x0c, 0xac});
  if (random.OneIn(3)) {
    c.Append(join, t, a, 0, 0);
    c.MayHide(a);
  } else {
    c.Append(join, a, t, 0, 0);
    c.MayHide(t);
  }
}

void BitField(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const bool is_64 = !random.OneIn(4);
  c.Append(is_64 ? kMov : kMov32, t, a, 0, 0);
  c.Append(is_64 ? kRsh : kRsh32, t, 0, 0, Count(random, is_64 ? 64 : 32));
  const int64_t mask = random.OneIn(3) ? random.Immediate()
                                       : (int64_t{1} << Count(random, 32)) - 1;
  c.Append(random.OneIn(4) ? 0x54 : kAndImm, t, 0, 0, mask);
  if (random.OneIn(2)) {
    c.Append(kAdd, b, t, 0, 0);
  }
  c.MayHide(t);
  if (random.OneIn(2)) {
    c.Hide(a);
  }
}

void ShiftPairs(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const int64_t n = Pick(random, {8, 16, 24, 32, 48, 56, 63, 1, 0});
  const int64_t m = random.OneIn(3) ? Count(random, 64) : n;
  if (random.OneIn(2)) {
    c.Append(random.OneIn(3) ? kMov32 : kMov, t, a, 0, 0);
  }
  const bool left_first = !random.OneIn(4);
  c.Append(left_first ? kLsh : kRsh, t, 0, 0, n);
  c.Append(left_first ? Pick(random, {kRsh, kArsh}) : kLsh, t, 0, 0, m);
  if (random.OneIn(2)) {
    c.Append(Pick(random, {kAdd, kSub, kOr, 0xaf, 0x5f}), b, t, 0, 0);
  }
  c.MayHide(t);
}

void ScaledAddress(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const MemoryOp op =
      random.OneIn(2) ? random.Of(LoadOps()) : random.Of(StoreOps());
  const int64_t scale = Count(random, 4);
  // t = b << scale; t += pointer; *(t + offset), b < 4.
  c.Append(random.OneIn(4) ? kMov32 : kMov, t, b, 0, 0);
  if (scale != 0 || random.OneIn(2)) {
    c.Append(random.OneIn(5) ? kLsh32 : kLsh, t, 0, 0, scale);
  }
  const bool into_t = random.OneIn(2);
  unsigned base = t;
  if (into_t) {
    c.Append(kAdd, t, c.pointer(), 0, 0);
  } else {
    base = c.Fresh();
    c.Append(kMov, base, c.pointer(), 0, 0);
    c.Append(kAdd, base, t, 0, 0);
  }
  int extra = 0;
  if (random.OneIn(3)) {
    extra = static_cast<int>(Count(random, 8)) - 4;
    c.Append(kAddImm, base, 0, 0, extra);
  }
  const bool is_load = (op.opcode & 7) == 1;
  const int offset =
      static_cast<int>(Count(random, 24u - op.bytes)) - 16 - extra;
  const auto access = [&](unsigned reg, int at) {
    if (is_load) {
      c.Append(op.opcode, reg, base, at, 0);
    } else {
      c.Append(op.opcode, base, reg, at, 0);
    }
  };
  if (is_load && random.OneIn(4)) {
    c.Append(op.opcode, base, base, offset, 0);
  } else {
    access(a, offset);
    if (random.OneIn(2)) {
      access(a, offset + 1);
    }
  }
  c.MayHide(t);
  if (base != t) {
    c.MayHide(base);
  }
}

/// t = r10 or the pointer; t += offset; accesses through t.
void AddressOnStack(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const bool on_stack = random.OneIn(2);
  c.body().uses_stack = true;
  const int offset = on_stack
                         ? kStackOffset + 8 * static_cast<int>(Count(random, 3))
                         : 8 * static_cast<int>(Count(random, 4)) - 24;
  c.Append(kMov, t, on_stack ? kFrame : c.pointer(), 0, 0);
  if (random.OneIn(4)) {
    c.Append(kAddImm, t, 0, 0, offset - 100);
    c.Append(kAddImm, t, 0, 0, 100);
  } else {
    c.Append(random.OneIn(4) ? 0x17 : kAddImm, t, 0, 0, offset);
    if (c.body().code.back().opcode == 0x17) {
      c.body().code.back().imm = -offset;
    }
  }
  c.Append(0x7b, t, a, 0, 0);
  if (random.OneIn(2)) {
    c.Append(0x79, b, t, 8, 0);
  }
  switch (random.Below(5)) {
    case 0:
      c.Append(0xdb, t, b, 0, 1);
      break;
    case 1:
      c.Append(0x79, t, t, 0, 0);
      break;
    case 2:
      c.Append(0x7b, t, t, 8, 0);
      break;
    case 3:
      c.Append(kAddImm, t, 0, 0, 8);
      c.Append(0x61, b, t, 0, 0);
      break;
    default:
      c.Append(0x69, b, t, 6, 0);
      break;
  }
  if (random.OneIn(2)) {
    c.Hide(t);
  }
}

void SwappedLoad(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const unsigned bytes = Pick(random, {1, 2, 4, 8});
  const unsigned load = bytes == 1   ? 0x71
                        : bytes == 2 ? 0x69
                        : bytes == 4 ? 0x61
                                     : 0x79;
  const unsigned reg = random.OneIn(8) ? c.pointer() : a;
  c.Append(load, reg, c.pointer(), c.OffsetFor(bytes), 0);
  const unsigned bits = random.OneIn(5) ? Pick(random, {16, 32, 64})
                                        : (bytes == 1 ? 16 : 8 * bytes);
  c.Append(random.OneIn(2) ? 0xdc : 0xd7, reg, 0, 0, bits);
  if (random.OneIn(2)) {
    c.Append(random.OneIn(2) ? kAdd : 0x0c, b, reg, 0, 0);
  }
  if (random.OneIn(3) && reg == a) {
    c.Append(random.OneIn(2) ? 0xdc : 0xd7, a, 0, 0,
             Pick(random, {16, 32, 64}));
    c.Append(load + 2, c.pointer(), a, c.OffsetFor(bytes), 0);
  }
  c.MayHide(reg);
  c.MayHide(t);
}

void ConditionalMove(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const JumpOp& jump = random.Of(JumpOps());
  const unsigned lhs = Pick(random, {a, b, t});
  const unsigned rhs = Pick(random, {a, b, t});
  const int32_t imm = random.Of(BoundaryImmediates());
  const bool both = random.OneIn(3);
  c.Append(jump.opcode, lhs, jump.from_register ? rhs : 0, both ? 2 : 1,
           jump.from_register ? 0 : imm);
  const unsigned move = Pick(random, {kMov, kMov, kMov32, kMovImm, kMovImm32});
  const bool is_imm = move == kMovImm || move == kMovImm32;
  c.Append(move, t, is_imm ? 0 : Pick(random, {a, b, t}), 0,
           is_imm ? random.Immediate() : 0);
  if (both) {
    c.Append(kJa, 0, 0, 1, 0);
    c.Append(kMov, t, b, 0, 0);
  }
  if (random.OneIn(3)) {
    c.Append(kAdd, a, t, 0, 0);
  }
  c.MayHide(t);
}

/// A jump over a jump: what is read is read on one way only.
void JumpOverGoto(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const JumpOp& jump = random.Of(JumpOps());
  c.Append(jump.opcode, a, jump.from_register ? b : 0, 1,
           jump.from_register ? 0 : random.Of(BoundaryImmediates()));
  const unsigned read = Pick(random, {a, b});
  const bool forward = random.OneIn(2);
  c.Append(kJa, 0, 0, 1, 0);
  c.Append(forward ? kAdd : kMov, t, read, 0, 0);
  c.MayHide(a);
  c.MayHide(b);
}

void AddChain(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const bool is_64 = !random.OneIn(4);
  c.Append(random.OneIn(5) ? kMov32 : kMov, t, a, 0, 0);
  if (random.OneIn(2)) {
    c.Append(is_64 ? kAdd : 0x0c, t, random.OneIn(4) ? t : b, 0, 0);
  }
  for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
    c.Append(is_64 ? Pick(random, {kAddImm, 0x17}) : Pick(random, {0x04, 0x14}),
             t, 0, 0, random.Immediate());
  }
  c.MayHide(t);
  if (random.OneIn(3)) {
    c.Hide(a);
  }
}

/// Multiplications and divisions by constants, by the widths.
void ByConstant(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const unsigned opcode = Pick(random, {0x24, 0x27, 0x34, 0x37, 0x94, 0x97});
  const bool divides = (opcode >> 4) != 2;
  int64_t imm =
      random.OneIn(3) ? int64_t{1} << Count(random, 32) : random.Immediate();
  imm = random.OneIn(4) ? Count(random, 2000) : imm;
  if (divides && static_cast<int32_t>(imm) == 0) {
    imm = 7;
  }
  const unsigned reg = random.OneIn(2) ? t : a;
  if (reg == t) {
    c.Append(random.OneIn(2) ? kMov32 : kMov, t, b, 0, 0);
  }
  c.Append(opcode, reg, 0, divides ? static_cast<int>(Count(random, 2)) : 0,
           imm);
  if (random.OneIn(2)) {
    c.Append(opcode, b, 0, 0, imm);
  }
  c.MayHide(reg);
}

/// Half of a result is read only, by way of other instructions.
void UpperHalf(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const auto alu32 = [&](unsigned dst, unsigned src) {
    for (;;) {
      const AluOp& op = random.Of(AluOps());
      if (!op.is_64) {
        c.Alu(op, dst, src);
        return;
      }
    }
  };
  alu32(a, b);
  switch (random.Below(6)) {
    case 0:
      c.Append(kMov32, t, a, 0, 0);
      break;
    case 1:
      c.Append(kMov, t, a, 0, 0);
      break;
    case 2:
      c.Append(kRsh, a, 0, 0, 32);
      break;
    case 3:
      c.Append(kAdd, t, a, 0, 0);
      break;
    case 4:
      c.Append(kLsh, a, 0, 0, 32);
      break;
    default:
      c.Append(0xdc, a, 0, 0, 32);
      break;
  }
  alu32(random.OneIn(2) ? t : b, a);
  c.MayHide(a);
  c.MayHide(t);
  c.MayHide(b);
}

/// An address whose register dies as it is made, and arithmetic that wants
/// certain registers for itself, before it is used.
void AddressAcrossArithmetic(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const MemoryOp op = random.Of(LoadOps());
  const unsigned base = c.Fresh();
  const int64_t n = Count(random, 9) - 4;
  c.Append(kMov, base, c.pointer(), 0, 0);
  c.Append(kMov, t, base, 0, 0);
  c.Append(kAddImm, t, 0, 0, n);
  // Divisions, remainders and shifts by registers, and by constants.
  const unsigned opcode =
      Pick(random, {0x3f, 0x9f, 0x3c, 0x9c, 0x6f, 0x7f, 0xcf, 0x6c, 0x7c, 0xcc,
                    0x37, 0x97, 0x34, 0x94, 0x2f, 0x27});
  const bool by_register = (opcode & 8) != 0;
  c.Append(opcode, a, by_register ? b : 0, 0,
           by_register ? 0 : 3 + Count(random, 1000));
  const int offset = c.OffsetFor(op.bytes) - static_cast<int>(n);
  c.Append(op.opcode, b, t, offset, 0);
  c.MayHide(t);
  c.Hide(base);
  c.MayHide(a);
}

void CompareExchangeLoop(Composer& c, unsigned a, unsigned b, unsigned t) {
  Random& random = c.random();
  const MemoryOp op = random.Of(CompareExchangeOps());
  const int offset = c.OffsetFor(8);
  const bool through_r0 = c.pointer() != 0;
  if (through_r0) {
    c.Append(op.bytes == 4 ? 0x61 : 0x79, 0, c.pointer(), offset, 0);
    if (random.OneIn(3)) {
      c.Append(kAddImm, 0, 0, 0, Count(random, 2));
    }
  }
  c.Access(op, Pick(random, {a, b, t}), offset);
  c.Append(random.OneIn(2) ? kMov : kMov32, t, 0, 0, 0);
  if (random.OneIn(2)) {
    c.Hide(0);
  }
}

constexpr Idiom kIdioms[] = {
    {Rotate},
    {BitField},
    {ShiftPairs},
    {ScaledAddress, true},
    {AddressOnStack},
    {SwappedLoad},
    {ConditionalMove},
    {JumpOverGoto},
    {AddChain},
    {ByConstant},
    {UpperHalf},
    {CompareExchangeLoop},
    {AddressAcrossArithmetic},
};

}  // namespace

void SweepIdioms(uint64_t seed, unsigned rounds, const Sink& sink) {
  Random random(seed);
  for (const Idiom& idiom : kIdioms) {
    for (unsigned round = 0; round < rounds; ++round) {
      Composer c(random);
      const unsigned a = c.Fresh();
      const unsigned b = c.Fresh();
      const unsigned t = c.Fresh();
      idiom.append(c, a, b, t);
      sink(c.Finish(kInputs,
                    static_cast<uint16_t>(idiom.small_b ? 1u << b : 0)));
    }
  }
}

}  // namespace ebpf::conformance
