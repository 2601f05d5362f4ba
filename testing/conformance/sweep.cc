// SPDX-License-Identifier: MIT
//
// The plain sweeps: one instruction in a body.
#include "testing/conformance/sweep.h"

#include <algorithm>

#include "testing/conformance/catalog.h"

namespace ebpf::conformance {
namespace {

constexpr size_t kImmediateInputs = 16;
constexpr size_t kMemoryInputs = 8;

/// Counts bodies, and lets one in `density` pass.
class Taker {
 public:
  Taker(const SweepOptions& options, const Sink& sink)
      : options_(options), sink_(sink) {}

  bool Wants() { return count_++ % options_.density == 0; }
  void Take(Body body) { sink_(std::move(body)); }
  /// A number that walks on from body to body.
  size_t turn() const { return count_ / options_.density; }

 private:
  const SweepOptions& options_;
  const Sink& sink_;
  size_t count_ = 0;
};

/// Pairs of operands for `dst` and `src`: over as many bodies as there are
/// operands, each pair of operands comes once.
void AddOperandPairs(Body& body, unsigned dst, unsigned src, size_t turn,
                     Random& random) {
  const std::vector<uint64_t>& operands = BoundaryOperands();
  for (size_t i = 0; i < operands.size(); ++i) {
    Input input = random.AnyInput();
    if (src < kRegs) {
      input.regs[src] = operands[(i + turn) % operands.size()];
    }
    input.regs[dst] = operands[i];
    body.inputs.push_back(input);
  }
}

void AddOperands(Body& body, unsigned dst, size_t turn, Random& random) {
  const std::vector<uint64_t>& operands = BoundaryOperands();
  for (size_t i = 0; i < kImmediateInputs; ++i) {
    Input input = random.AnyInput();
    input.regs[dst] = operands[(turn * kImmediateInputs + i) % operands.size()];
    body.inputs.push_back(input);
  }
}

/// Shows a part of the result only, in some bodies.
void HideSome(Body& body, unsigned dst, size_t turn) {
  if (turn % 3 != 0) {
    body.shown = static_cast<uint16_t>(body.shown & ~(1u << dst));
    body.shown_low = static_cast<uint16_t>(turn % 3 == 1 ? 1u << dst : 0);
  }
}

void SweepAluRegister(const AluOp& op, Taker& taker, Random& random) {
  for (unsigned dst = 0; dst < kRegs; ++dst) {
    for (unsigned src = 0; src <= kFrame; ++src) {
      if (!taker.Wants()) {
        continue;
      }
      Body body;
      body.code = {Make(op.opcode, dst, src, op.offset, op.imm)};
      AddOperandPairs(body, dst, src, taker.turn(), random);
      taker.Take(body);
      if (op.divides && src < kRegs && src != dst) {
        for (Input& input : body.inputs) {
          input.regs[src] |= uint64_t{1} << random.Below(op.is_64 ? 64 : 32);
        }
        body.divisor_non_zero = true;
        taker.Take(body);
      }
      HideSome(body, dst, taker.turn());
      if (!op.is_64) {
        taker.Take(body);
      }
    }
  }
}

void SweepAluImmediate(const AluOp& op, Taker& taker, Random& random) {
  std::vector<int32_t> immediates = BoundaryImmediates();
  if (op.is_shift) {
    immediates.clear();
    for (int count = 0; count < (op.is_64 ? 64 : 32); ++count) {
      immediates.push_back(count);
    }
  } else if (op.divides) {
    std::erase(immediates, 0);
  }
  for (unsigned dst = 0; dst < kRegs; ++dst) {
    for (const int32_t imm : immediates) {
      if (!taker.Wants()) {
        continue;
      }
      Body body;
      body.code = {Make(op.opcode, dst, 0, op.offset, imm)};
      AddOperands(body, dst, taker.turn(), random);
      HideSome(body, dst, op.is_64 ? 0 : taker.turn());
      taker.Take(std::move(body));
    }
  }
}

void SweepUnary(const AluOp& op, Taker& taker, Random& random) {
  for (unsigned dst = 0; dst < kRegs; ++dst) {
    if (taker.Wants()) {
      Body body;
      body.code = {Make(op.opcode, dst, 0, op.offset, op.imm)};
      AddOperandPairs(body, dst, kFrame, 0, random);
      taker.Take(body);
      HideSome(body, dst, 1);
      taker.Take(body);
    }
  }
}

unsigned Other(unsigned a, unsigned b, size_t turn) {
  unsigned reg = static_cast<unsigned>(turn % kRegs);
  while (reg == a || reg == b) {
    reg = (reg + 1) % kRegs;
  }
  return reg;
}

/// The jump over one instruction: a move, which may become conditional; a
/// store; or an exit of the body, both ways told apart.
std::vector<Insn> AroundJump(Insn jump, unsigned marker, unsigned other,
                             size_t turn) {
  constexpr unsigned kMovImm = 0xb7, kMov = 0xbf, kStoreImm = 0x7a, kJa = 0x05;
  jump.offset = 1;
  switch (turn % 4) {
    case 0:
      return {jump, Make(kMov, marker, other, 0, 0)};
    case 1:
      return {jump, Make(kStoreImm, kFrame, 0, kStackOffset, 77)};
    case 2:
      return {Make(kMovImm, marker, 0, 0, 1), jump,
              Make(kMovImm, marker, 0, 0, 2)};
    default:
      jump.offset = 2;
      return {jump, Make(kMovImm, marker, 0, 0, 1), Make(kJa, 0, 0, 1, 0),
              Make(kMovImm, marker, 0, 0, 2)};
  }
}

void SweepJump(const JumpOp& op, unsigned dst, unsigned src, int32_t imm,
               Taker& taker, Random& random) {
  if (!taker.Wants()) {
    return;
  }
  const unsigned marker = Other(dst, src, taker.turn());
  const unsigned other = Other(marker, marker, taker.turn() * 7 + 3);
  Body body;
  body.uses_stack = true;
  body.code =
      AroundJump(Make(op.opcode, dst, op.from_register ? src : 0, 0, imm),
                 marker, other, taker.turn());
  if (op.from_register) {
    AddOperandPairs(body, dst < kRegs ? dst : src, src, taker.turn(), random);
  } else {
    AddOperands(body, dst, taker.turn(), random);
    // As near to the constant as can be.
    for (size_t i = 0; i < 6; ++i) {
      const auto near = static_cast<uint64_t>(int64_t{imm}) + i - 2;
      body.inputs[i].regs[dst] = i == 5 ? uint32_t(imm) : near;
    }
  }
  taker.Take(std::move(body));
}

}  // namespace

void SweepAlu(const SweepOptions& options, const Sink& sink) {
  Taker taker(options, sink);
  Random random(1);
  for (const AluOp& op : AluOps()) {
    if (op.unary) {
      SweepUnary(op, taker, random);
    } else if (op.from_register) {
      SweepAluRegister(op, taker, random);
    } else {
      SweepAluImmediate(op, taker, random);
    }
  }
}

void SweepJumps(const SweepOptions& options, const Sink& sink) {
  Taker taker(options, sink);
  Random random(2);
  for (const JumpOp& op : JumpOps()) {
    for (unsigned dst = 0; dst < kRegs; ++dst) {
      if (op.from_register) {
        for (unsigned src = 0; src <= kFrame; ++src) {
          SweepJump(op, dst, src, 0, taker, random);
        }
      } else {
        for (const int32_t imm : BoundaryImmediates()) {
          SweepJump(op, dst, dst, imm, taker, random);
        }
      }
    }
    if (op.from_register) {
      for (unsigned src = 0; src < kRegs; ++src) {
        SweepJump(op, kFrame, src, 0, taker, random);
      }
    }
  }
  for (const unsigned opcode : {0x05, 0x06}) {  // goto, gotol
    Body body;
    body.code = {
        Make(opcode, 0, 0, opcode == 0x05 ? 1 : 0, opcode == 0x06 ? 1 : 0),
        Make(0xb7, 3, 0, 0, 5)};
    body.inputs.push_back(random.AnyInput());
    taker.Take(std::move(body));
  }
}

void SweepConstants(const SweepOptions& options, const Sink& sink) {
  Taker taker(options, sink);
  Random random(3);
  std::vector<uint64_t> values = BoundaryOperands();
  for (unsigned i = 0; i < 64; ++i) {
    for (const uint64_t chunk : {0x1ull, 0xffull, 0xffffull, 0x801ull, 0x7ffull,
                                 0xabcdull, 0x12345ull}) {
      values.push_back(chunk << i);
      values.push_back(~(chunk << i));
    }
    values.push_back(random.Next());
  }
  for (unsigned dst = 0; dst < kRegs; ++dst) {
    for (const uint64_t value : values) {
      if (taker.Wants()) {
        Body body;
        body.code = {Make(0x18, dst, 0, 0, static_cast<int64_t>(value)),
                     Make(0, 0, 0, 0, static_cast<int64_t>(value >> 32))};
        body.inputs.push_back(random.AnyInput());
        taker.Take(std::move(body));
      }
    }
  }
}

namespace {

/// Inputs in which `base` + `offset` is somewhere in the memory, each time a
/// bit further, aligned to `step`.
void AddPointers(Body& body, unsigned base, int16_t offset, unsigned bytes,
                 unsigned step, Random& random) {
  for (size_t i = 0; i < kMemoryInputs; ++i) {
    Input input = random.AnyInput();
    const size_t places = (8 * kMemWords - bytes) / step + 1;
    const uint64_t place = step * random.Below(places);
    input.regs[base] = place - static_cast<uint64_t>(int64_t{offset});
    input.pointers = static_cast<uint16_t>(1u << base);
    body.inputs.push_back(input);
  }
}

/// The bodies of an access through `base`, with `other` as the other register,
/// for `kOffsets` offsets, or through r10.
void SweepAccess(const MemoryOp& op, bool base_is_src, unsigned base,
                 unsigned other, int32_t imm, bool aligned, size_t offsets,
                 Taker& taker, Random& random) {
  const unsigned bytes = op.bytes;
  const unsigned step = aligned ? bytes : 1;
  for (size_t n = 0; n < offsets; ++n) {
    if (!taker.Wants()) {
      continue;
    }
    const std::vector<int16_t>& all = BoundaryOffsets();
    int16_t offset = all[taker.turn() % all.size()];
    Body body;
    if (base == kFrame) {
      const size_t places = (8 * kStackWords - bytes) / step + 1;
      offset = static_cast<int16_t>(
          kStackOffset + static_cast<int>(step * random.Below(places)));
      body.uses_stack = true;
      for (size_t i = 0; i < kMemoryInputs; ++i) {
        body.inputs.push_back(random.AnyInput());
      }
    } else {
      AddPointers(body, base, offset, bytes, step, random);
    }
    body.code = {base_is_src ? Make(op.opcode, other, base, offset, imm)
                             : Make(op.opcode, base, other, offset, imm)};
    taker.Take(std::move(body));
  }
}

constexpr size_t kOffsetsPerPair = 8;

void SweepPairs(const MemoryOp& op, bool base_is_src, bool aligned,
                Taker& taker, Random& random) {
  for (unsigned base = 0; base <= kFrame; ++base) {
    for (unsigned other = 0; other < kRegs + (base_is_src ? 0 : 1); ++other) {
      SweepAccess(op, base_is_src, base, other, op.imm, aligned,
                  kOffsetsPerPair, taker, random);
    }
  }
}

/// cmpxchg: half of the time r0 is what is in memory, or nearly.
void SweepCompareExchange(const MemoryOp& op, Taker& taker, Random& random) {
  const Sink make_equal = [&](Body body) {
    for (Input& input : body.inputs) {
      if (body.code[0].dst() == 0 || body.uses_stack || random.OneIn(3)) {
        continue;
      }
      const uint64_t place =
          input.regs[body.code[0].dst()] +
          static_cast<uint64_t>(int64_t{body.code[0].offset});
      const uint64_t word = input.mem[place / 8];
      const uint64_t there = op.bytes == 8    ? word
                             : place % 8 == 4 ? word >> 32
                                              : word & UINT32_MAX;
      input.regs[0] = there;
      if (random.OneIn(3)) {
        input.regs[0] ^= uint64_t{1} << random.Below(64);
      }
    }
    taker.Take(std::move(body));
  };
  SweepOptions all;
  for (unsigned base = 0; base <= kFrame; ++base) {
    for (unsigned other = 0; other < kRegs; ++other) {
      if (!taker.Wants()) {
        continue;
      }
      Taker inner(all, make_equal);
      SweepAccess(op, false, base, other, op.imm, true, kOffsetsPerPair, inner,
                  random);
    }
  }
}

}  // namespace

void SweepMemory(const SweepOptions& options, const Sink& sink) {
  Taker taker(options, sink);
  Random random(4);
  for (const MemoryOp& op : LoadOps()) {
    SweepPairs(op, true, false, taker, random);
  }
  for (const MemoryOp& op : StoreOps()) {
    SweepPairs(op, false, false, taker, random);
  }
  for (const MemoryOp& op : StoreImmOps()) {
    for (unsigned base = 0; base <= kFrame; ++base) {
      for (const int32_t imm : BoundaryImmediates()) {
        SweepAccess(op, false, base, 0, imm, false, 1, taker, random);
      }
    }
  }
}

void SweepAtomics(const SweepOptions& options, const Sink& sink) {
  Taker taker(options, sink);
  Random random(5);
  for (const MemoryOp& op : AtomicOps()) {
    const bool fetches = (op.imm & 1) != 0;
    for (unsigned base = 0; base <= kFrame; ++base) {
      // r10 cannot be written.
      for (unsigned other = 0; other < kRegs + (fetches ? 0 : 1); ++other) {
        SweepAccess(op, false, base, other, op.imm, true, kOffsetsPerPair,
                    taker, random);
      }
    }
  }
  for (const MemoryOp& op : CompareExchangeOps()) {
    SweepCompareExchange(op, taker, random);
  }
  if (options.load_acquire) {
    for (const MemoryOp& op : LoadAcquireOps()) {
      SweepPairs(op, true, true, taker, random);
    }
    for (const MemoryOp& op : StoreReleaseOps()) {
      SweepPairs(op, false, true, taker, random);
    }
  }
}

}  // namespace ebpf::conformance
