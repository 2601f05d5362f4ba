// SPDX-License-Identifier: MIT
//
// That the sweeps have what they promise, and that a batch finds what is wrong.
#include <cstring>
#include <set>

#include "core/isa/decode.h"
#include "gtest/gtest.h"
#include "testing/conformance/batch.h"
#include "testing/conformance/catalog.h"
#include "testing/conformance/contexts.h"
#include "testing/conformance/engines.h"

namespace ebpf::conformance {
namespace {

/// What core makes of the instructions of all plain sweeps.
std::set<isa::Op> OpsOfSweeps(std::set<std::pair<unsigned, unsigned>>& pairs) {
  std::set<isa::Op> ops;
  const Sink sink = [&](const Body& body) {
    std::vector<isa::Insn> insns(body.code.size());
    std::memcpy(insns.data(), body.code.data(),
                insns.size() * sizeof(isa::Insn));
    const isa::ConstInsns all(insns.data(), insns.size());
    for (size_t i = 0; i < all.size();) {
      isa::DecodedInsn insn;
      ASSERT_EQ(isa::Decode(all, i, insn), isa::DecodeError::kNone);
      ops.insert(insn.op);
      pairs.insert({insn.dst, insn.src});
      i += insn.slots;
    }
  };
  SweepAlu({}, sink);
  SweepJumps({}, sink);
  SweepConstants({}, sink);
  SweepMemory({}, sink);
  SweepAtomics({}, sink);
  return ops;
}

TEST(BodiesTest, TheSweepsHaveEveryInstructionThatComputes) {
  std::set<std::pair<unsigned, unsigned>> pairs;
  const std::set<isa::Op> ops = OpsOfSweeps(pairs);
  EXPECT_EQ(ops.size(), CatalogSize());
  for (size_t i = 0; i < isa::kOpCount; ++i) {
    const auto op = static_cast<isa::Op>(i);
    const isa::Family family = isa::InfoOf(op).family;
    const bool computes =
        family != isa::Family::kControl && family != isa::Family::kLegacy &&
        family != isa::Family::kInternal &&
        (family != isa::Family::kLoadImm64 || op == isa::Op::kLoadImm64);
    if (computes) {
      EXPECT_TRUE(ops.contains(op)) << isa::InfoOf(op).name;
    }
  }
  // All pairs of r0..r9, r10 as the one or the other.
  EXPECT_EQ(pairs.size(), 11u * 11u);
}

TEST(BodiesTest, TheListsAreAsLongAsTheyAreSaidToBe) {
  EXPECT_GE(BoundaryOperands().size(), 60u);
  EXPECT_GE(BoundaryImmediates().size(), 60u);
  EXPECT_GE(BoundaryOffsets().size(), 60u);
}

/// Like the interpreter, but for one bit in what comes out.
class WrongEngine final : public Engine {
 public:
  WrongEngine(Engine& right, size_t byte) : right_(right), byte_(byte) {}
  const char* name() const override { return "wrong"; }
  Result<void*> Prepare(const Program& program) override {
    return right_.Prepare(program);
  }
  void Release(void* image) override { right_.Release(image); }
  uint64_t Run(const Program& program, void* image, void* context,
               RunContext& run) const override {
    const uint64_t result = right_.Run(program, image, context, run);
    static_cast<uint8_t*>(context)[byte_] ^= 0x40;
    return result;
  }
  const void* TailCallEntry(const Program& program,
                            void* image) const override {
    return right_.TailCallEntry(program, image);
  }
  uint64_t CallBack(RunContext& run, uint64_t function,
                    const uint64_t (&args)[5]) const override {
    return right_.CallBack(run, function, args);
  }

 private:
  Engine& right_;
  const size_t byte_;
};

uint64_t MismatchesWith(size_t byte, uint16_t shown, uint16_t shown_low) {
  RunningCore core;
  VariantEngine right(Variants()[0]);
  WrongEngine wrong(right.engine(), byte);
  Batch batch(wrong, Knowledge::kNothing);
  Random random(1);
  Body body;
  body.code = {Make(0x07, 3, 0, 0, 1)};
  body.shown = shown;
  body.shown_low = shown_low;
  body.inputs.push_back(random.AnyInput());
  body.inputs.push_back(random.AnyInput());
  batch.Add(body);
  batch.Finish();
  EXPECT_EQ(batch.tally().cases, 2u);
  return batch.tally().mismatches;
}

TEST(BodiesTest, ABatchSeesOneWrongBitInWhatIsShown) {
  // A record: r0..r9, ten words of memory, four of stack, r0..r9 after.
  EXPECT_EQ(MismatchesWith(8 * (24 + 3) + 6, 0x3ff, 0), 1u);
  EXPECT_EQ(MismatchesWith(8 * (24 + 9) + 1, 0x3ff, 0), 1u);
  EXPECT_EQ(MismatchesWith(8 * 10, 0x3ff, 0), 1u);  // before the memory
  EXPECT_EQ(MismatchesWith(8 * 19, 0x3ff, 0), 1u);  // behind it
  EXPECT_EQ(MismatchesWith(8 * (24 + 3) + 3, 0x3f7, 8), 1u);
  // What is dead may be anything.
  EXPECT_EQ(MismatchesWith(8 * (24 + 3), 0x3f7, 0), 0u);
}

TEST(BodiesTest, TheSameSeedGivesTheSameBodies) {
  std::vector<std::vector<uint8_t>> first;
  std::vector<std::vector<uint8_t>> second;
  for (auto* into : {&first, &second}) {
    SweepSequences(5, 100, [&](const Body& body) {
      into->emplace_back(body.code.size() * sizeof(Insn));
      std::memcpy(into->back().data(), body.code.data(), into->back().size());
    });
  }
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace ebpf::conformance
