// SPDX-License-Identifier: MIT
//
// Enumerates each operation on tristate numbers at a small width: what is
// computed from two words is in what is computed from what is known of them.
#include "core/verifier/tnum.h"

#include <cstdint>
#include <vector>

#include "core/verifier/small_word.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kWidth = 6;
using Word = SmallWord<kWidth>;
using Small = Tnum<Word>;

std::vector<Small> AllTnums() {
  std::vector<Small> all;
  for (unsigned mask = 0; mask <= Word::kMask; ++mask) {
    for (unsigned value = 0; value <= Word::kMask; ++value) {
      if ((mask & value) == 0) {
        all.push_back({Word(value), Word(mask)});
      }
    }
  }
  return all;
}

/// Calls `f` with each word of `a`.
template <typename F>
void ForEachWord(const Small& a, F f) {
  unsigned subset = 0;
  do {
    f(Word(a.value.bits | subset));
    subset = (subset - a.mask.bits) & a.mask.bits;
  } while (subset != 0);
}

/// Whether `abstract` holds all results of `concrete`; where it holds no more
/// than the bits that do vary, `exact` is counted.
template <typename Abstract, typename Concrete>
void ExpectSound(Abstract abstract, Concrete concrete, unsigned& exact) {
  const std::vector<Small> all = AllTnums();
  ASSERT_EQ(all.size(), 729u);
  exact = 0;
  for (const Small& a : all) {
    for (const Small& b : all) {
      const Small result = abstract(a, b);
      ASSERT_EQ((result.value & result.mask), Word(0u));
      unsigned seen_one = 0;
      unsigned seen_zero = 0;
      bool sound = true;
      ForEachWord(a, [&](Word x) {
        ForEachWord(b, [&](Word y) {
          const Word z = concrete(x, y);
          sound = sound && result.Has(z);
          seen_one |= z.bits;
          seen_zero |= ~unsigned{z.bits};
        });
      });
      ASSERT_TRUE(sound) << unsigned{a.value.bits} << "/"
                         << unsigned{a.mask.bits} << " "
                         << unsigned{b.value.bits} << "/"
                         << unsigned{b.mask.bits};
      exact += (seen_one & seen_zero & Word::kMask) == result.mask.bits;
    }
  }
}

constexpr unsigned kPairs = 729 * 729;

TEST(TnumTest, AdditionIsSoundAndExact) {
  unsigned exact;
  ExpectSound([](Small a, Small b) { return a + b; },
              [](Word x, Word y) { return x + y; }, exact);
  EXPECT_EQ(exact, kPairs);
}

TEST(TnumTest, SubtractionIsSoundAndExact) {
  unsigned exact;
  ExpectSound([](Small a, Small b) { return a - b; },
              [](Word x, Word y) { return x - y; }, exact);
  EXPECT_EQ(exact, kPairs);
}

TEST(TnumTest, BitwiseOperationsAreSoundAndExact) {
  unsigned exact;
  ExpectSound([](Small a, Small b) { return a & b; },
              [](Word x, Word y) { return x & y; }, exact);
  EXPECT_EQ(exact, kPairs);
  ExpectSound([](Small a, Small b) { return a | b; },
              [](Word x, Word y) { return x | y; }, exact);
  EXPECT_EQ(exact, kPairs);
  ExpectSound([](Small a, Small b) { return a ^ b; },
              [](Word x, Word y) { return x ^ y; }, exact);
  EXPECT_EQ(exact, kPairs);
}

TEST(TnumTest, MultiplicationIsSoundAndMostlyExact) {
  unsigned exact;
  ExpectSound([](Small a, Small b) { return a * b; },
              [](Word x, Word y) { return x * y; }, exact);
  EXPECT_GT(exact, kPairs / 10 * 9);
}

TEST(TnumTest, ShiftsAreSoundAndExact) {
  for (unsigned count = 0; count < kWidth; ++count) {
    unsigned exact;
    ExpectSound(
        [=](Small a, Small) { return ShiftLeft(a, count); },
        [=](Word x, Word) { return WordOps<Word>::ShiftLeft(x, count); },
        exact);
    EXPECT_EQ(exact, kPairs);
    ExpectSound(
        [=](Small a, Small) { return ShiftRight(a, count); },
        [=](Word x, Word) { return WordOps<Word>::ShiftRight(x, count); },
        exact);
    EXPECT_EQ(exact, kPairs);
    ExpectSound(
        [=](Small a, Small) { return ShiftRightSigned(a, count); },
        [=](Word x, Word) { return WordOps<Word>::ShiftRightSigned(x, count); },
        exact);
    EXPECT_EQ(exact, kPairs);
  }
}

TEST(TnumTest, IntersectionKeepsWhatIsInBoth) {
  for (const Small& a : AllTnums()) {
    for (const Small& b : AllTnums()) {
      const Small both = Intersect(a, b);
      ForEachWord(a, [&](Word x) {
        if (b.Has(x)) {
          EXPECT_TRUE(both.Has(x));
        }
      });
    }
  }
}

TEST(TnumTest, ContainsMeansEachWord) {
  for (const Small& a : AllTnums()) {
    for (const Small& b : AllTnums()) {
      bool each = true;
      ForEachWord(b, [&](Word x) { each = each && a.Has(x); });
      ASSERT_EQ(a.Contains(b), each);
    }
  }
}

TEST(TnumTest, FromRangeHoldsTheRangeWithTheFewestUnknownBits) {
  for (unsigned min = 0; min <= Word::kMask; ++min) {
    for (unsigned max = min; max <= Word::kMask; ++max) {
      const Small result = Small::FromRange(Word(min), Word(max));
      unsigned varies = 0;
      for (unsigned w = min; w <= max; ++w) {
        ASSERT_TRUE(result.Has(Word(w)));
        varies |= w ^ min;
      }
      ASSERT_EQ(result.mask.bits, varies);
    }
  }
}

TEST(TnumTest, HalvesAreTakenAndExtended) {
  for (const Small& a : AllTnums()) {
    const Tnum<SmallWord<3>> low = LowHalf(a);
    ForEachWord(a, [&](Word x) {
      const SmallWord<3> half = WordOps<Word>::Low(x);
      EXPECT_TRUE(low.Has(half));
      EXPECT_TRUE(ZeroExtended<Word>(low).Has(WordOps<Word>::ZeroExtend(half)));
      EXPECT_TRUE(SignExtended<Word>(low).Has(WordOps<Word>::SignExtend(half)));
      EXPECT_TRUE(WithUnknownUpperHalf<Word>(low).Has(x));
    });
  }
}

TEST(TnumTest, ByteSwapsMoveWhatIsKnown) {
  using Wide = Tnum<uint64_t>;
  const Wide a{0x1122334400667708, 0x00000000ff0000f0};
  const Wide low = ByteSwapped(a, 16);
  EXPECT_EQ(low.value, 0x0877u);
  EXPECT_EQ(low.mask, 0xf000u);
  const Wide half = ByteSwapped(a, 32);
  EXPECT_EQ(half.value, 0x08776600u);
  EXPECT_EQ(half.mask, 0xf00000ffu);
  const Wide all = ByteSwapped(a, 64);
  EXPECT_EQ(all.value, 0x0877660044332211u);
  EXPECT_EQ(all.mask, 0xf00000ff00000000u);
}

TEST(TnumTest, WholeWidthRangeIsUnknown) {
  const auto all = Tnum<uint64_t>::FromRange(0, ~uint64_t{0});
  EXPECT_EQ(all.mask, ~uint64_t{0});
  EXPECT_EQ(all.value, 0u);
}

}  // namespace
}  // namespace ebpf::verifier
