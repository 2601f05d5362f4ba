// SPDX-License-Identifier: MIT
//
// Arithmetic on what is known: enumerated at 4 bits on samples, at random with
// 64, and the historical bugs of 32-bit arithmetic by example.
#include "core/verifier/scalar_alu.h"

#include <cstdint>
#include <random>

#include "core/verifier/small_scalar.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

using Ops = WordOps<Word4>;

Word4 Low(Word4 a) { return Ops::ZeroExtend(Ops::Low(a)); }

template <typename Abstract, typename Concrete>
void ExpectSound(Abstract abstract, Concrete concrete, unsigned seed) {
  const auto sample = SampleScalars(700, seed);
  for (const Scalar4& a : sample) {
    for (const Scalar4& b : sample) {
      const WordMask result = WordsOf(abstract(a, b));
      WordMask expected = 0;
      for (unsigned x = 0; x < 16; ++x) {
        for (unsigned y = 0; a.Has(Word4(x)) && y < 16; ++y) {
          if (b.Has(Word4(y))) {
            expected = static_cast<WordMask>(
                expected | 1u << concrete(Word4(x), Word4(y)).bits);
          }
        }
      }
      ASSERT_EQ(expected & ~result, 0);
    }
  }
}

template <typename Operation>
void ExpectOperationSound(Operation operation, unsigned seed) {
  ExpectSound([=](const Scalar4& a,
                  const Scalar4& b) { return Apply(operation, a, b); },
              [=](Word4 x, Word4 y) { return operation(x, y); }, seed);
  ExpectSound([=](const Scalar4& a,
                  const Scalar4& b) { return ApplyLow(operation, a, b); },
              [=](Word4 x, Word4 y) { return Low(operation(Low(x), Low(y))); },
              seed + 100);
}

TEST(ScalarAluTest, AddIsSound) { ExpectOperationSound(AddOperation(), 1); }
TEST(ScalarAluTest, SubIsSound) { ExpectOperationSound(SubOperation(), 2); }
TEST(ScalarAluTest, MulIsSound) { ExpectOperationSound(MulOperation(), 3); }
TEST(ScalarAluTest, AndIsSound) { ExpectOperationSound(AndOperation(), 4); }
TEST(ScalarAluTest, OrIsSound) { ExpectOperationSound(OrOperation(), 5); }
TEST(ScalarAluTest, XorIsSound) { ExpectOperationSound(XorOperation(), 6); }

template <typename Abstract, typename Concrete>
void ExpectUnarySound(Abstract abstract, Concrete concrete, unsigned seed) {
  for (const Scalar4& a : SampleScalars(20000, seed)) {
    const WordMask result = WordsOf(abstract(a));
    for (unsigned x = 0; x < 16; ++x) {
      if (a.Has(Word4(x))) {
        ASSERT_TRUE((result >> concrete(Word4(x)).bits) & 1) << x;
      }
    }
  }
}

TEST(ScalarAluTest, ShiftsAreSound) {
  for (unsigned count = 0; count < 4; ++count) {
    ExpectUnarySound([=](const Scalar4& a) { return ShiftLeft(a, count); },
                     [=](Word4 x) { return Ops::ShiftLeft(x, count); }, 7);
    ExpectUnarySound([=](const Scalar4& a) { return ShiftRight(a, count); },
                     [=](Word4 x) { return Ops::ShiftRight(x, count); }, 8);
    ExpectUnarySound(
        [=](const Scalar4& a) { return ShiftRightSigned(a, count); },
        [=](Word4 x) { return Ops::ShiftRightSigned(x, count); }, 9);
  }
}

TEST(ScalarAluTest, ShiftsInTheLowerHalfAreSound) {
  using HalfOps = WordOps<Word2>;
  for (unsigned count = 0; count < 2; ++count) {
    ExpectUnarySound(
        [=](const Scalar4& a) { return ShiftLeftLow(a, count); },
        [=](Word4 x) {
          return Ops::ZeroExtend(HalfOps::ShiftLeft(Ops::Low(x), count));
        },
        10);
    ExpectUnarySound(
        [=](const Scalar4& a) { return ShiftRightLow(a, count); },
        [=](Word4 x) {
          return Ops::ZeroExtend(HalfOps::ShiftRight(Ops::Low(x), count));
        },
        11);
    ExpectUnarySound(
        [=](const Scalar4& a) { return ShiftRightSignedLow(a, count); },
        [=](Word4 x) {
          return Ops::ZeroExtend(HalfOps::ShiftRightSigned(Ops::Low(x), count));
        },
        12);
  }
}

TEST(ScalarAluTest, ExtensionsAreSound) {
  auto sign_extend = [](Word4 x, unsigned width) {
    return Ops::ShiftRightSigned(Ops::ShiftLeft(x, 4 - width), 4 - width);
  };
  for (unsigned width = 1; width <= 2; ++width) {
    ExpectUnarySound([=](const Scalar4& a) { return ZeroExtend(a, width); },
                     [=](Word4 x) { return x & Word4((1u << width) - 1); }, 13);
    ExpectUnarySound([=](const Scalar4& a) { return SignExtend(a, width); },
                     [=](Word4 x) { return sign_extend(x, width); }, 14);
  }
  ExpectUnarySound([=](const Scalar4& a) { return SignExtendLow(a, 1); },
                   [=](Word4 x) { return Low(sign_extend(x, 1)); }, 15);
}

/// 64 random bits, as a program's constants are: few bits, or near an edge.
uint64_t RandomWord(std::mt19937_64& random) {
  uint64_t word = random() >> (random() % 64);
  switch (random() % 4) {
    case 0:
      return ~word;
    case 1:
      return (uint64_t{1} << (random() % 64)) + random() % 3 - 1;
    default:
      return word;
  }
}

/// Some words, and what is known if it can be any of them.
ScalarValue HullOf(const std::vector<uint64_t>& words) {
  std::vector<uint32_t> low(words.begin(), words.end());
  WordSet<uint64_t> wide = WordSet<uint64_t>::Constant(words[0]);
  Range<uint32_t> half = Range<uint32_t>::Constant(low[0]);
  for (uint64_t w : words) {
    const uint64_t differ = (w ^ wide.bits.value) | wide.bits.mask;
    wide.bits = {wide.bits.value & ~differ, differ};
    wide.range = {UMin(wide.range.umin, w), UMax(wide.range.umax, w),
                  SMin(wide.range.smin, w), SMax(wide.range.smax, w)};
  }
  for (uint32_t w : low) {
    half = {UMin(half.umin, w), UMax(half.umax, w), SMin(half.smin, w),
            SMax(half.smax, w)};
  }
  return Sync(ScalarValue{wide.bits, wide.range, half});
}

TEST(ScalarAluTest, RandomWordsOf64BitsAreInTheResult) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 100000; ++i) {
    std::vector<uint64_t> xs, ys;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      xs.push_back(RandomWord(random));
      ys.push_back(RandomWord(random));
    }
    const ScalarValue a = HullOf(xs), b = HullOf(ys);
    const unsigned count = random() % 64;
    for (size_t k = 0; k < xs.size(); ++k) {
      const uint64_t x = xs[k], y = ys[k];
      const uint32_t x32 = static_cast<uint32_t>(x);
      const uint32_t y32 = static_cast<uint32_t>(y);
      ASSERT_TRUE(a.Has(x));
      ASSERT_TRUE(Apply(AddOperation(), a, b).Has(x + y));
      ASSERT_TRUE(Apply(SubOperation(), a, b).Has(x - y));
      ASSERT_TRUE(Apply(MulOperation(), a, b).Has(x * y));
      ASSERT_TRUE(Apply(AndOperation(), a, b).Has(x & y));
      ASSERT_TRUE(Apply(OrOperation(), a, b).Has(x | y));
      ASSERT_TRUE(Apply(XorOperation(), a, b).Has(x ^ y));
      ASSERT_TRUE(ApplyLow(AddOperation(), a, b).Has(x32 + y32));
      ASSERT_TRUE(ApplyLow(SubOperation(), a, b).Has(x32 - y32));
      ASSERT_TRUE(ApplyLow(MulOperation(), a, b).Has(x32 * y32));
      ASSERT_TRUE(ApplyLow(XorOperation(), a, b).Has(x32 ^ y32));
      ASSERT_TRUE(ShiftLeft(a, count).Has(x << count));
      ASSERT_TRUE(ShiftRight(a, count).Has(x >> count));
      ASSERT_TRUE(ShiftRightSigned(a, count).Has(
          static_cast<uint64_t>(static_cast<int64_t>(x) >> count)));
      const unsigned half = count % 32;
      ASSERT_TRUE(ShiftLeftLow(a, half).Has(x32 << half));
      ASSERT_TRUE(ShiftRightSignedLow(a, half).Has(
          static_cast<uint32_t>(static_cast<int32_t>(x32) >> half)));
      ASSERT_TRUE(
          SignExtend(a, 8).Has(static_cast<uint64_t>(static_cast<int8_t>(x))));
      ASSERT_TRUE(SignExtend(a, 32).Has(
          static_cast<uint64_t>(static_cast<int32_t>(x))));
      ASSERT_TRUE(ZeroExtend(a, 16).Has(x & 0xffff));
    }
  }
}

TEST(ScalarAluTest, ConstantsStayConstant) {
  const auto a = ScalarValue::Constant(0xffffffff00000007);
  const auto b = ScalarValue::Constant(3);
  EXPECT_EQ(Apply(SubOperation(), a, b).bits.value, 0xffffffff00000004u);
  EXPECT_EQ(ApplyLow(MulOperation(), a, b).bits.value, 21u);
  EXPECT_TRUE(ApplyLow(MulOperation(), a, b).IsConstant());
  EXPECT_EQ(ShiftRightSigned(a, 4).bits.value, 0xfffffffff0000000u);
}

// CVE-2017-16995: a 32-bit move of a negative constant does not extend its
// sign into the upper half.
TEST(ScalarAluTest, LowerHalfOperationsZeroTheUpperHalf) {
  const auto all_ones = ScalarValue::Constant(~uint64_t{0});
  EXPECT_EQ(ApplyLow(OrOperation(), all_ones, all_ones).bits.value,
            0xffffffffu);
}

// CVE-2018-18445: a 32-bit right shift looks at the lower half only.
TEST(ScalarAluTest, RightShiftOf32BitsIgnoresTheUpperHalf) {
  const auto a = ScalarValue::Constant(0xffffffff00000000);
  EXPECT_EQ(ShiftRightLow(a, 31).bits.value, 0u);
}

// CVE-2020-27194, CVE-2021-3490: bounds of 32 bits after bitwise operations
// come from the lower halves, not from truncated 64-bit bounds.
TEST(ScalarAluTest, BitwiseBoundsOfTheLowerHalfAreItsOwn) {
  ScalarValue a = ScalarValue::Unknown();
  a.wide.umin = 1;
  a.wide.umax = uint64_t{1} << 32 | 1;
  a = Sync(a);
  const ScalarValue either = Apply(OrOperation(), a, ScalarValue::Constant(0));
  EXPECT_TRUE(either.low.Has(0));
  EXPECT_TRUE(either.low.Has(0xffffffff));
  EXPECT_TRUE(either.Has(uint64_t{1} << 32));
}

TEST(ScalarAluTest, ShiftPairSignExtends) {
  ScalarValue a = ScalarValue::Unknown();
  a.low.smin = static_cast<uint32_t>(-5);
  a.low.smax = 5;
  a = ShiftRightSigned(ShiftLeft(Sync(a), 32), 32);
  EXPECT_EQ(static_cast<int64_t>(a.wide.smin), -5);
  EXPECT_EQ(a.wide.smax, 5u);
}

}  // namespace
}  // namespace ebpf::verifier
