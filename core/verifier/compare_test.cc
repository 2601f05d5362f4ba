// SPDX-License-Identifier: MIT
#include "core/verifier/compare.h"

#include <memory>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::verifier {
namespace {

class CompareTest : public ::testing::Test {
 protected:
  CompareTest() {
    for (State* state : {&*old_, &*now_}) {
      state->frame_count = 1;
      state->frames[0].regs[isa::kFramePointer] =
          RegState::Pointer(RegType::kStack);
    }
  }

  bool Compare(Comparing comparing) {
    const Result<SavedState*> saved = SavedState::Make(*old_, allocator_);
    EXPECT_TRUE(saved.ok());
    const bool matches = Matches(**saved, *now_, comparing, ids_);
    (*saved)->Free(allocator_);
    return matches;
  }
  bool Covers() { return Compare(Comparing::kCovers); }
  bool Same() { return Compare(Comparing::kSame); }

  static RegState UpTo(uint64_t max) {
    RegState reg = RegState::UnknownScalar();
    reg.value.wide.umax = max;
    reg.value = Sync(reg.value);
    return reg;
  }
  static RegState WithId(RegState reg, uint32_t id) {
    reg.id = id;
    return reg;
  }
  RegState& Old(unsigned reg) { return old_->frames[0].regs[reg]; }
  RegState& Now(unsigned reg) { return now_->frames[0].regs[reg]; }

  FailingAllocator allocator_;
  IdMap ids_;
  const std::unique_ptr<State> old_ = std::make_unique<State>();
  const std::unique_ptr<State> now_ = std::make_unique<State>();
};

TEST_F(CompareTest, EqualStatesAreTheSame) {
  EXPECT_TRUE(Covers());
  EXPECT_TRUE(Same());
}

TEST_F(CompareTest, WiderNumbersCoverNarrowerOnes) {
  Old(6) = UpTo(100);
  Now(6) = UpTo(50);
  EXPECT_TRUE(Covers());
  EXPECT_FALSE(Same());
  Now(6) = UpTo(101);
  EXPECT_FALSE(Covers());
  Now(6) = RegState::Constant(7);
  EXPECT_TRUE(Covers());
}

TEST_F(CompareTest, WhatWasNotReadCoversAnything) {
  Now(6) = RegState::Pointer(RegType::kContext);
  EXPECT_TRUE(Covers());
  Old(6) = Now(6);
  Now(6) = RegState{};
  EXPECT_FALSE(Covers());
}

TEST_F(CompareTest, TypesAndNullsAreCompared) {
  Old(6) = RegState::Pointer(RegType::kContext);
  Now(6) = RegState::UnknownScalar();
  EXPECT_FALSE(Covers());
  Now(6) = RegState::Pointer(RegType::kStack);
  EXPECT_FALSE(Covers());
  Old(6) = Now(6) = RegState::Pointer(RegType::kMapValue);
  EXPECT_TRUE(Covers());
  Now(6).maybe_null = true;
  EXPECT_FALSE(Covers());
}

TEST_F(CompareTest, ObjectsOfPointersAreCompared) {
  Old(6) = Now(6) = RegState::Pointer(RegType::kRingRecord);
  Now(6).memory_size = 8;
  EXPECT_FALSE(Covers());
  Old(6) = Now(6) = RegState::Pointer(RegType::kStack);
  Now(6).offset = -8;
  EXPECT_FALSE(Covers());
  Now(6).offset = 0;
  Now(6).frame = 1;
  EXPECT_FALSE(Covers());
}

TEST_F(CompareTest, LinkedNumbersMustBeLinked) {
  Old(6) = WithId(UpTo(9), 3);
  Old(7) = WithId(UpTo(9), 3);
  Now(6) = WithId(UpTo(9), 8);
  Now(7) = WithId(UpTo(9), 8);
  EXPECT_TRUE(Covers());
  EXPECT_TRUE(Same());
  Now(7).id = 9;
  EXPECT_FALSE(Covers());
  Now(7).id = 0;
  EXPECT_FALSE(Covers());
  Now(6).id = 0;
  EXPECT_FALSE(Covers());
}

TEST_F(CompareTest, LinksThatNobodyReliedOnDoNotMatter) {
  Old(6) = UpTo(9);
  Old(7) = UpTo(9);
  Now(6) = WithId(UpTo(9), 8);
  Now(7) = WithId(UpTo(9), 8);
  EXPECT_TRUE(Covers());
  // One register alone is linked to nothing.
  Old(6).id = 3;
  Now(6).id = 0;
  EXPECT_TRUE(Covers());
}

TEST_F(CompareTest, ReferencesAreCompared) {
  old_->reference_count = now_->reference_count = 1;
  old_->references[0] = Reference{4, 0, 0};
  now_->references[0] = Reference{9, 0, 0};
  EXPECT_TRUE(Covers());
  Old(6) = Now(6) = RegState::Pointer(RegType::kRingRecord);
  Old(6).reference = 4;
  Now(6).reference = 9;
  EXPECT_TRUE(Covers());
  Now(6).reference = 5;
  EXPECT_FALSE(Covers());
  now_->reference_count = 0;
  EXPECT_FALSE(Covers());
}

TEST_F(CompareTest, FramesAreThoseOfTheSameCalls) {
  old_->frame_count = now_->frame_count = 2;
  EXPECT_TRUE(Covers());
  now_->frames[1].call_site = 5;
  EXPECT_FALSE(Covers());
  now_->frame_count = 1;
  EXPECT_FALSE(Covers());
}

class CompareStackTest : public CompareTest {
 protected:
  void Fill(State& state, ByteKind kind) {
    state.frames[0].GrowTo(1);
    for (ByteKind& byte : state.frames[0].slots[0].bytes) {
      byte = kind;
    }
  }
  void Spill(State& state, const RegState& reg) {
    Fill(state, ByteKind::kSpill);
    state.frames[0].slots[0].spilled = reg;
  }
};

TEST_F(CompareStackTest, BytesAreCoveredByWhatSaysLess) {
  const ByteKind order[] = {ByteKind::kZero, ByteKind::kMisc,
                            ByteKind::kInvalid};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      Fill(*old_, order[i]);
      Fill(*now_, order[j]);
      EXPECT_EQ(Covers(), j <= i) << i << " " << j;
    }
  }
}

TEST_F(CompareStackTest, SpilledNumbersAreNumbers) {
  Fill(*old_, ByteKind::kMisc);
  Spill(*now_, RegState::Constant(3));
  EXPECT_TRUE(Covers());
  Spill(*now_, RegState::Pointer(RegType::kContext));
  EXPECT_FALSE(Covers());
  Spill(*old_, UpTo(9));
  Spill(*now_, RegState::Constant(3));
  EXPECT_TRUE(Covers());
  Fill(*now_, ByteKind::kMisc);
  EXPECT_FALSE(Covers());
}

TEST_F(CompareStackTest, ASmallerStackHasNotWrittenTheRest) {
  Fill(*old_, ByteKind::kMisc);
  EXPECT_FALSE(Covers());
  Fill(*old_, ByteKind::kInvalid);
  EXPECT_TRUE(Covers());
}

TEST_F(CompareStackTest, PartsOfSpillsHaveTheirSizes) {
  Spill(*old_, RegState::Constant(3));
  Spill(*now_, RegState::Constant(3));
  for (int i = 4; i < 8; ++i) {
    now_->frames[0].slots[0].bytes[i] = ByteKind::kMisc;
  }
  EXPECT_FALSE(Covers());
  for (int i = 4; i < 8; ++i) {
    old_->frames[0].slots[0].bytes[i] = ByteKind::kMisc;
  }
  EXPECT_TRUE(Covers());
}

TEST(IdMapTest, KeepsPairsOneToOne) {
  IdMap ids;
  ids.Clear();
  EXPECT_TRUE(ids.Match(1, 10));
  EXPECT_TRUE(ids.Match(2, 20));
  EXPECT_TRUE(ids.Match(1, 10));
  EXPECT_FALSE(ids.Match(1, 20));
  EXPECT_FALSE(ids.Match(3, 10));
  EXPECT_TRUE(ids.Match(0, 0));
  EXPECT_FALSE(ids.Match(0, 10));
  EXPECT_NE(ids.Fresh(), ids.Fresh());
  for (uint32_t i = 0; i < 200; ++i) {
    (void)ids.Match(1000 + i, 2000 + i);
  }
  EXPECT_FALSE(ids.Match(5000, 5001));  // full
}

}  // namespace
}  // namespace ebpf::verifier
