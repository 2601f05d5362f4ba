// SPDX-License-Identifier: MIT
//
// Sync carries knowledge over and loses no number: enumerated at 4 bits, and
// by example at 64.
#include "core/verifier/scalar.h"

#include <cstdint>

#include "core/verifier/small_scalar.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

TEST(ScalarTest, SyncLosesNoWord) {
  for (const Scalar4& scalar : SampleScalars(300000, 1)) {
    // What excludes itself may become anything.
    if (WordsOf(scalar) != 0) {
      ASSERT_EQ(WordsOf(scalar), WordsOf(Sync(scalar)));
    }
  }
}

TEST(ScalarTest, SyncLosesNoWordOfAnySet) {
  for (unsigned words = 1; words <= 0xffff; ++words) {
    const Scalar4 best = BestOf(static_cast<WordMask>(words));
    ASSERT_EQ(words & ~unsigned{WordsOf(Sync(best))}, 0u);
  }
}

TEST(ScalarTest, SyncFindsMostOfWhatThereIsToKnow) {
  unsigned tight = 0;
  unsigned total = 0;
  for (const Scalar4& scalar : SampleScalars(20000, 2)) {
    const WordMask words = WordsOf(scalar);
    if (words == 0) {
      continue;
    }
    const Scalar4 synced = Sync(scalar);
    ++total;
    tight += BestOf(words).Contains(synced);
  }
  EXPECT_GT(tight, total / 100 * 90) << tight << " of " << total;
}

TEST(ScalarTest, ContainsMeansEachWord) {
  const auto sample = SampleScalars(1500, 3);
  for (const Scalar4& a : sample) {
    for (const Scalar4& b : sample) {
      if (a.Contains(b)) {
        ASSERT_EQ(WordsOf(b) & ~WordsOf(a), 0);
      }
    }
  }
}

TEST(ScalarTest, EmptyHasNoWord) {
  for (const Scalar4& scalar : SampleScalars(20000, 4)) {
    if (scalar.IsEmpty()) {
      EXPECT_EQ(WordsOf(scalar), 0);
    }
  }
}

TEST(ScalarTest, HalvesAreExtended) {
  for (const Scalar4& scalar : SampleScalars(3000, 5)) {
    for (unsigned w = 0; w < 16; ++w) {
      if (!scalar.Has(Word4(w))) {
        continue;
      }
      using Ops = WordOps<Word4>;
      const Word2 low = Ops::Low(Word4(w));
      EXPECT_TRUE(
          FromLowZeroExtended<Word4>(scalar.Low()).Has(Ops::ZeroExtend(low)));
      EXPECT_TRUE(
          FromLowSignExtended<Word4>(scalar.Low()).Has(Ops::SignExtend(low)));
    }
  }
}

TEST(ScalarTest, BitsBoundTheNumber) {
  ScalarValue scalar = ScalarValue::Unknown();
  scalar.bits = {0, 0xff};
  scalar = Sync(scalar);
  EXPECT_EQ(scalar.wide.umax, 255u);
  EXPECT_EQ(scalar.wide.smin, 0u);
  EXPECT_EQ(scalar.low.umax, 255u);
}

TEST(ScalarTest, BoundsFixUpperBits) {
  ScalarValue scalar = ScalarValue::Unknown();
  scalar.wide.umax = 8;
  scalar = Sync(scalar);
  EXPECT_EQ(scalar.bits.mask, 0xfu);
  EXPECT_EQ(scalar.bits.value, 0u);
}

TEST(ScalarTest, LowBoundsReachTheWholeWhenItFitsTheirSign) {
  // What a sign-extending load of 32 bits gives, then a 32-bit comparison.
  ScalarValue scalar =
      FromLowSignExtended<uint64_t>(WordSet<uint32_t>::Unknown());
  scalar.low.smin = 0;
  scalar.low.smax = 10;
  scalar = Sync(scalar);
  EXPECT_EQ(scalar.wide.umax, 10u);
  EXPECT_EQ(scalar.wide.umin, 0u);
}

TEST(ScalarTest, UpperHalfIsNotGuessedFromTheLowOne) {
  ScalarValue scalar = ScalarValue::Unknown();
  scalar.low.umax = 10;
  scalar = Sync(scalar);
  EXPECT_EQ(scalar.wide.umax, 0xffffffff0000000aULL);
  EXPECT_TRUE(scalar.Has(uint64_t{1} << 63 | 10));
}

TEST(ScalarTest, OneSignedBoundDoesNotBecomeAnUnsignedOne) {
  ScalarValue scalar = ScalarValue::Unknown();
  scalar.wide.smax = 10;
  scalar = Sync(scalar);
  EXPECT_EQ(scalar.wide.umax, ~uint64_t{0});
  EXPECT_EQ(static_cast<int64_t>(scalar.wide.smin), INT64_MIN);
}

}  // namespace
}  // namespace ebpf::verifier
