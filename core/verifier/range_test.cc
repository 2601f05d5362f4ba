// SPDX-License-Identifier: MIT
//
// Enumerates all pairs of ranges of 3-bit words, for each operation.
#include "core/verifier/range.h"

#include <vector>

#include "core/verifier/small_word.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

using Word = SmallWord<3>;
using Small = Range<Word>;

/// Each pair of unsigned bounds with each pair of signed ones; some are empty.
std::vector<Small> AllRanges() {
  std::vector<Small> all;
  for (unsigned a = 0; a < 8; ++a) {
    for (unsigned b = a; b < 8; ++b) {
      for (int c = -4; c < 4; ++c) {
        for (int d = c; d < 4; ++d) {
          all.push_back({Word(a), Word(b), Word(static_cast<unsigned>(c)),
                         Word(static_cast<unsigned>(d))});
        }
      }
    }
  }
  return all;
}

template <typename Abstract, typename Concrete>
void ExpectSound(Abstract abstract, Concrete concrete) {
  const std::vector<Small> all = AllRanges();
  ASSERT_EQ(all.size(), 36u * 36u);
  for (const Small& a : all) {
    for (const Small& b : all) {
      const Small result = abstract(a, b);
      for (unsigned x = 0; x < 8; ++x) {
        for (unsigned y = 0; y < 8; ++y) {
          if (a.Has(Word(x)) && b.Has(Word(y))) {
            ASSERT_TRUE(result.Has(concrete(Word(x), Word(y))))
                << x << " " << y;
          }
        }
      }
    }
  }
}

TEST(RangeTest, ArithmeticIsSound) {
  ExpectSound([](Small a, Small b) { return a + b; },
              [](Word x, Word y) { return x + y; });
  ExpectSound([](Small a, Small b) { return a - b; },
              [](Word x, Word y) { return x - y; });
  ExpectSound([](Small a, Small b) { return a * b; },
              [](Word x, Word y) { return x * y; });
}

TEST(RangeTest, ShiftsAreSound) {
  for (unsigned count = 0; count < 3; ++count) {
    ExpectSound(
        [=](Small a, Small) { return ShiftLeft(a, count); },
        [=](Word x, Word) { return WordOps<Word>::ShiftLeft(x, count); });
    ExpectSound(
        [=](Small a, Small) { return ShiftRight(a, count); },
        [=](Word x, Word) { return WordOps<Word>::ShiftRight(x, count); });
    ExpectSound([=](Small a, Small) { return ShiftRightSigned(a, count); },
                [=](Word x, Word) {
                  return WordOps<Word>::ShiftRightSigned(x, count);
                });
  }
}

TEST(RangeTest, DeductionLosesNoWordAndNoBoundIsLoose) {
  for (const Small& a : AllRanges()) {
    const Small result = Deduce(a);
    Small best{Word(7u), Word(0u), Word(3u), Word(4u)};  // of no words
    bool any = false;
    for (unsigned x = 0; x < 8; ++x) {
      EXPECT_EQ(result.Has(Word(x)), a.Has(Word(x)));
      if (a.Has(Word(x))) {
        any = true;
        best = {UMin(best.umin, Word(x)), UMax(best.umax, Word(x)),
                SMin(best.smin, Word(x)), SMax(best.smax, Word(x))};
      }
    }
    if (any) {
      EXPECT_TRUE(best.Contains(result));
    } else {
      EXPECT_TRUE(result.IsEmpty());
    }
  }
}

TEST(RangeTest, EmptyHasNoWordAndContainsIsInclusion) {
  const std::vector<Small> all = AllRanges();
  for (const Small& a : all) {
    for (const Small& b : all) {
      for (unsigned x = 0; x < 8; ++x) {
        if (a.Contains(b) && b.Has(Word(x))) {
          ASSERT_TRUE(a.Has(Word(x)));
        }
      }
    }
  }
  const Range<uint64_t> empty{2, 1, 0, 0};
  EXPECT_TRUE(empty.IsEmpty());
  EXPECT_FALSE(empty.Has(1));
  EXPECT_FALSE(Range<uint64_t>::Full().IsEmpty());
}

TEST(RangeTest, KnownBitsBoundBothOrders) {
  // sign unknown, lowest bit set: 1..7 and -3..3 of 3 bits
  const Small result = BoundsOf(Tnum<Word>{Word(1u), Word(6u)});
  EXPECT_EQ(result.umin, Word(1u));
  EXPECT_EQ(result.umax, Word(7u));
  EXPECT_EQ(result.smin.AsSigned(), -3);
  EXPECT_EQ(result.smax.AsSigned(), 3);
}

TEST(RangeTest, SumsThatAllWrapStayOrdered) {
  const Range<uint64_t> high =
      Range<uint64_t>::Unsigned(~uint64_t{0} - 1, ~uint64_t{0});
  const Range<uint64_t> sum = high + Range<uint64_t>::Constant(8);
  EXPECT_EQ(sum.umin, 6u);
  EXPECT_EQ(sum.umax, 7u);
}

TEST(RangeTest, SumsThatMayWrapAreUnbounded) {
  const Range<uint64_t> any = Range<uint64_t>::Unsigned(1, ~uint64_t{0});
  const Range<uint64_t> sum = any + Range<uint64_t>::Constant(1);
  EXPECT_EQ(sum.umin, 0u);
  EXPECT_EQ(sum.umax, ~uint64_t{0});
}

}  // namespace
}  // namespace ebpf::verifier
