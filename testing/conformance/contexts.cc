// SPDX-License-Identifier: MIT
//
// Each arithmetic instruction with one or two others around it.
#include "testing/conformance/contexts.h"

#include "testing/conformance/composer.h"

namespace ebpf::conformance {
namespace {

constexpr size_t kInputs = 16;

using Context = void (*)(Composer& c, const AluOp& op, unsigned dst,
                         unsigned src);

MemoryOp AnyOf(Random& random, const std::vector<MemoryOp>& ops) {
  return random.Of(ops);
}

/// A jump over the next instruction, comparing `reg`.
void JumpOver(Composer& c, unsigned reg, unsigned other) {
  Random& random = c.random();
  const JumpOp& jump = random.Of(JumpOps());
  const int32_t imm = random.OneIn(2) ? 0 : random.Of(BoundaryImmediates());
  c.Append(jump.opcode, reg, jump.from_register ? other : 0, 1,
           jump.from_register ? 0 : imm);
}

void MoveBefore(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  const unsigned x = c.random().OneIn(3) ? src : c.Fresh();
  c.Append(c.random().OneIn(3) ? kMov32 : kMov, dst, x, 0, 0);
  c.Alu(op, dst, src);
  if (x != src && c.random().OneIn(2)) {
    c.Hide(x);
  }
  c.MayHide(dst);
}

void MoveOfSourceBefore(Composer& c, const AluOp& op, unsigned dst,
                        unsigned src) {
  const unsigned x = c.random().OneIn(3) ? dst : c.Fresh();
  c.Append(c.random().OneIn(3) ? kMov32 : kMov, src, x, 0, 0);
  c.Alu(op, dst, src);
  c.MayHide(src);
}

void ConstantBefore(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  const uint64_t value = c.random().Value();
  switch (c.random().Below(3)) {
    case 0:
      c.Append(kMovImm, src, 0, 0, static_cast<int64_t>(value));
      break;
    case 1:
      c.Append(kMovImm32, src, 0, 0, static_cast<int64_t>(value));
      break;
    default:
      c.Constant(src, value);
      break;
  }
  c.Alu(op, dst, src);
  c.MayHide(src);
}

void ConstantInPlace(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Append(c.random().OneIn(2) ? kMovImm : kMovImm32, dst, 0, 0,
           c.random().Immediate());
  c.Alu(op, dst, src);
  c.MayHide(dst);
}

void LoadBefore(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Load(AnyOf(c.random(), LoadOps()), src);
  c.Alu(op, dst, src);
  c.MayHide(src);
  c.MayHide(dst);
}

void LoadInPlace(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Load(AnyOf(c.random(), LoadOps()), dst);
  c.Alu(op, dst, src);
  c.MayHide(dst);
}

/// The register that pointed to memory is written by the load.
void LoadOverPointer(Composer& c, const AluOp& op, unsigned dst,
                     unsigned /*src*/) {
  c.Load(AnyOf(c.random(), LoadOps()), c.pointer());
  c.Alu(op, dst, c.pointer());
  c.MayHide(c.pointer());
}

void UpdateMemory(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  const MemoryOp load = AnyOf(c.random(), LoadOps());
  MemoryOp store = AnyOf(c.random(), StoreOps());
  if (!c.random().OneIn(4)) {
    store = StoreOps()[load.bytes == 1   ? 0
                       : load.bytes == 2 ? 1
                       : load.bytes == 4 ? 2
                                         : 3];
  }
  const int offset = c.OffsetFor(8);
  c.Access(load, dst, offset);
  c.Alu(op, dst, c.random().OneIn(4) ? dst : src);
  c.Access(store, dst, c.random().OneIn(4) ? c.OffsetFor(store.bytes) : offset);
  if (!c.random().OneIn(3)) {
    c.Hide(dst);
  }
}

void StoreBehind(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Alu(op, dst, src);
  c.Store(AnyOf(c.random(), StoreOps()), dst);
  if (c.random().OneIn(2)) {
    c.Hide(dst);
  }
}

void ShiftsBehind(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  Random& random = c.random();
  const auto left = random.OneIn(2) ? 32 : random.Below(64);
  const auto right = random.OneIn(2) ? left : random.Below(64);
  c.Alu(op, dst, src);
  c.Append(kLsh, dst, 0, 0, static_cast<int64_t>(left));
  c.Append(random.OneIn(2) ? kRsh : kArsh, dst, 0, 0,
           static_cast<int64_t>(right));
  c.MayHide(dst);
}

void ShiftedSource(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  constexpr unsigned kShifts[] = {kLsh, kRsh, kArsh, kLsh32, kRsh32, 0xc4};
  Random& random = c.random();
  const unsigned shift = kShifts[random.Below(6)];
  const uint64_t limit = (shift & 7) == 7 ? 64 : 32;
  if (random.OneIn(2)) {
    c.Append(random.OneIn(4) ? kMov32 : kMov, src, c.Fresh(), 0, 0);
  }
  c.Append(shift, src, 0, 0, static_cast<int64_t>(random.Below(limit)));
  c.Alu(op, dst, src);
  c.MayHide(src);
  c.MayHide(dst);
}

void CompareBehind(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  const unsigned marker = c.Fresh();
  c.Append(kMovImm, marker, 0, 0, 1);
  c.Alu(op, dst, src);
  JumpOver(c, dst, c.random().OneIn(2) ? src : c.Fresh());
  c.Append(kMovImm, marker, 0, 0, 2);
  c.MayHide(dst);
}

/// The result is looked at on one way only.
void LiveOnOneWay(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Alu(op, dst, src);
  JumpOver(c, c.Fresh(), src);
  c.Append(c.random().OneIn(2) ? kMovImm : kMovImm32, dst, 0, 0, 42);
  c.MayHide(dst);
}

/// The instruction itself is jumped over.
void JumpedOver(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  if (c.random().OneIn(2)) {
    c.Append(kMov, dst, c.Fresh(), 0, 0);
  }
  JumpOver(c, c.random().OneIn(2) ? dst : src, c.Fresh());
  c.Alu(op, dst, src);
  c.MayHide(dst);
}

/// Two of the kind, and any one behind.
void Chain(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Alu(op, dst, src);
  c.Alu(op, dst, c.random().OneIn(2) ? src : c.Fresh());
  c.Alu(c.random().Of(AluOps()), dst, src);
  c.MayHide(dst);
}

void MovedAway(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  const unsigned x = c.Fresh();
  c.Alu(op, dst, src);
  c.Append(c.random().OneIn(2) ? kMov32 : kMov, x, dst, 0, 0);
  if (c.random().OneIn(2)) {
    c.Alu(c.random().Of(AluOps()), x, src);
  }
  c.MayHide(dst);
  c.MayHide(x);
}

void AnyBehind(Composer& c, const AluOp& op, unsigned dst, unsigned src) {
  c.Alu(op, dst, src);
  c.Alu(c.random().Of(AluOps()), c.random().OneIn(2) ? dst : src,
        c.random().OneIn(2) ? dst : src);
  c.MayHide(dst);
}

constexpr Context kContexts[] = {
    MoveBefore,   MoveOfSourceBefore, ConstantBefore,  ConstantInPlace,
    LoadBefore,   LoadInPlace,        LoadOverPointer, UpdateMemory,
    StoreBehind,  ShiftsBehind,       ShiftedSource,   CompareBehind,
    LiveOnOneWay, JumpedOver,         Chain,           MovedAway,
    AnyBehind,
};

}  // namespace

void SweepContexts(uint64_t seed, unsigned rounds, const Sink& sink) {
  Random random(seed);
  for (const AluOp& op : AluOps()) {
    for (const Context context : kContexts) {
      for (unsigned round = 0; round < rounds; ++round) {
        Composer c(random);
        const unsigned dst = c.Fresh();
        const unsigned src = random.OneIn(8) ? dst : c.Fresh();
        context(c, op, dst, src);
        sink(c.Finish(kInputs));
      }
    }
  }
}

namespace {

/// Any instruction that neither needs nor loses the pointer.
void AppendAny(Composer& c, const std::vector<unsigned>& regs,
               bool& wants_target) {
  Random& random = c.random();
  const unsigned a = random.Of(regs);
  const unsigned b = random.Of(regs);
  switch (random.Below(12)) {
    case 0:
      c.Load(AnyOf(random, LoadOps()), a);
      break;
    case 1:
      c.Store(AnyOf(random, StoreOps()), a);
      break;
    case 2:
      c.Store(AnyOf(random, StoreImmOps()), 0, random.Immediate());
      break;
    case 3:
      c.Access(AnyOf(random, AtomicOps()), a, c.OffsetFor(8));
      break;
    case 4:
      if (!wants_target) {
        JumpOver(c, a, b);
        wants_target = true;
      }
      break;
    case 5:
      c.Append(random.OneIn(2) ? kMov : kMov32, a, b, 0, 0);
      break;
    case 6:
      c.Append(random.OneIn(2) ? kMovImm : kMovImm32, a, 0, 0,
               random.Immediate());
      break;
    default:
      c.Alu(random.Of(AluOps()), a, b);
      break;
  }
}

}  // namespace

void SweepSequences(uint64_t seed, unsigned count, const Sink& sink) {
  Random random(seed);
  for (unsigned n = 0; n < count; ++n) {
    Composer c(random);
    const std::vector<unsigned> regs = {c.Fresh(), c.Fresh(), c.Fresh()};
    const size_t length = 3 + random.Below(8);
    bool wants_target = false;
    while (c.body().code.size() < length || wants_target) {
      const size_t before = c.body().code.size();
      const bool jumped = wants_target;
      AppendAny(c, regs, wants_target);
      if (jumped && c.body().code.size() > before) {
        wants_target = false;
      }
    }
    for (const unsigned reg : regs) {
      c.MayHide(reg);
    }
    sink(c.Finish(kInputs));
  }
}

}  // namespace ebpf::conformance
