// SPDX-License-Identifier: MIT
//
// Comparisons: what is said to be decided is, and refinement loses no pair for
// which they hold. Enumerated at 4 bits on samples.
#include "core/verifier/scalar_compare.h"

#include <cstdint>

#include "core/verifier/small_scalar.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

constexpr Comparison kAll[] = {
    Comparison::kEqual,      Comparison::kNotEqual,
    Comparison::kLess,       Comparison::kLessOrEqual,
    Comparison::kSignedLess, Comparison::kSignedLessOrEqual,
    Comparison::kSharesBits, Comparison::kSharesNoBits,
};

TEST(ScalarCompareTest, NegationIsTheOpposite) {
  for (Comparison comparison : kAll) {
    bool exchanged = false;
    const Comparison opposite = Negation(comparison, exchanged);
    for (unsigned x = 0; x < 16; ++x) {
      for (unsigned y = 0; y < 16; ++y) {
        const Word4 a = exchanged ? Word4(y) : Word4(x);
        const Word4 b = exchanged ? Word4(x) : Word4(y);
        EXPECT_NE(Holds(comparison, Word4(x), Word4(y)), Holds(opposite, a, b));
      }
    }
  }
}

TEST(ScalarCompareTest, DecidedMeansForAllWords) {
  const auto sample = SampleScalars(400, 21);
  for (Comparison comparison : kAll) {
    unsigned decided = 0;
    for (const Scalar4& a : sample) {
      for (const Scalar4& b : sample) {
        if (!AlwaysHoldsWide(comparison, a, b)) {
          ASSERT_FALSE(AlwaysHolds(comparison, a.Wide(), b.Wide()));
          continue;
        }
        ++decided;
        for (unsigned x = 0; x < 16; ++x) {
          for (unsigned y = 0; a.Has(Word4(x)) && y < 16; ++y) {
            if (b.Has(Word4(y))) {
              ASSERT_TRUE(Holds(comparison, Word4(x), Word4(y)));
            }
          }
        }
      }
    }
    EXPECT_GT(decided, 20u);
  }
}

TEST(ScalarCompareTest, LowerHalvesMayTellThatWordsDiffer) {
  ScalarValue a = ScalarValue::Unknown();
  ScalarValue b = ScalarValue::Constant(9);
  RefineLow(Comparison::kLess, a, b);
  b = ScalarValue::Constant(12);
  EXPECT_FALSE(AlwaysHolds(Comparison::kNotEqual, a.Wide(), b.Wide()));
  EXPECT_TRUE(AlwaysHoldsWide(Comparison::kNotEqual, a, b));
  EXPECT_TRUE(AlwaysHoldsWide(Comparison::kNotEqual, b, a));
  EXPECT_FALSE(AlwaysHoldsWide(Comparison::kLess, a, b));
  b = ScalarValue::Constant(8);
  EXPECT_FALSE(AlwaysHoldsWide(Comparison::kNotEqual, a, b));
}

template <typename Refiner, typename Concrete>
void ExpectRefinementSound(Refiner refine, Concrete holds, unsigned seed) {
  const auto sample = SampleScalars(350, seed);
  for (Comparison comparison : kAll) {
    for (const Scalar4& a : sample) {
      for (const Scalar4& b : sample) {
        Scalar4 fewer_a = a;
        Scalar4 fewer_b = b;
        refine(comparison, fewer_a, fewer_b);
        const WordMask words_a = WordsOf(fewer_a);
        const WordMask words_b = WordsOf(fewer_b);
        for (unsigned x = 0; x < 16; ++x) {
          for (unsigned y = 0; a.Has(Word4(x)) && y < 16; ++y) {
            if (b.Has(Word4(y)) && holds(comparison, Word4(x), Word4(y))) {
              ASSERT_TRUE(((words_a >> x) & 1) && ((words_b >> y) & 1))
                  << static_cast<int>(comparison) << " " << x << " " << y;
            }
          }
        }
      }
    }
  }
}

TEST(ScalarCompareTest, RefinementLosesNoPair) {
  ExpectRefinementSound([](Comparison comparison, Scalar4& a,
                           Scalar4& b) { RefineWide(comparison, a, b); },
                        [](Comparison comparison, Word4 x, Word4 y) {
                          return Holds(comparison, x, y);
                        },
                        22);
}

TEST(ScalarCompareTest, RefinementByLowerHalvesLosesNoPair) {
  ExpectRefinementSound([](Comparison comparison, Scalar4& a,
                           Scalar4& b) { RefineLow(comparison, a, b); },
                        [](Comparison comparison, Word4 x, Word4 y) {
                          return Holds(comparison, WordOps<Word4>::Low(x),
                                       WordOps<Word4>::Low(y));
                        },
                        23);
}

TEST(ScalarCompareTest, LessBoundsBothSides) {
  ScalarValue a = ScalarValue::Unknown();
  ScalarValue b = ScalarValue::Constant(10);
  RefineWide(Comparison::kLess, a, b);
  EXPECT_EQ(a.wide.umax, 9u);
  EXPECT_EQ(a.bits.mask, 0xfu);
}

TEST(ScalarCompareTest, NotEqualTakesABoundAway) {
  ScalarValue a = ScalarValue::Unknown();
  a.wide.umax = 10;
  a = Sync(a);
  ScalarValue b = ScalarValue::Constant(10);
  RefineWide(Comparison::kNotEqual, a, b);
  EXPECT_EQ(a.wide.umax, 9u);
  b = ScalarValue::Constant(0);
  RefineWide(Comparison::kNotEqual, a, b);
  EXPECT_EQ(a.wide.umin, 1u);
}

// CVE-2020-8835: a 32-bit comparison says nothing of the upper half.
TEST(ScalarCompareTest, LowerHalfComparisonLeavesTheUpperHalf) {
  ScalarValue a = ScalarValue::Unknown();
  ScalarValue b = ScalarValue::Constant(1);
  RefineLow(Comparison::kEqual, a, b);
  EXPECT_TRUE(a.Has(uint64_t{5} << 32 | 1));
  EXPECT_FALSE(a.Has(2));
  EXPECT_FALSE(a.IsConstant());
}

TEST(ScalarCompareTest, TestedBitsBecomeKnown) {
  ScalarValue a = ScalarValue::Unknown();
  ScalarValue b = ScalarValue::Constant(4);
  RefineWide(Comparison::kSharesNoBits, a, b);
  EXPECT_FALSE(a.Has(4));
  EXPECT_TRUE(a.Has(8));
  ScalarValue c = ScalarValue::Unknown();
  RefineWide(Comparison::kSharesBits, c, b);
  EXPECT_TRUE(c.Has(4));
  EXPECT_FALSE(c.Has(8));
}

TEST(ScalarCompareTest, EqualToTheLargestIsNotLess) {
  EXPECT_FALSE(AlwaysHolds(Comparison::kLess,
                           WordSet<uint64_t>::Constant(~uint64_t{0}),
                           WordSet<uint64_t>::Constant(~uint64_t{0})));
}

}  // namespace
}  // namespace ebpf::verifier
