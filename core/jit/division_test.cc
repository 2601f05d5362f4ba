// SPDX-License-Identifier: MIT
#include "core/jit/division.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::jit {
namespace {

uint64_t High(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(a) * b) >> 64);
}

uint64_t Divide(uint64_t n, const Reciprocal& reciprocal) {
  const uint64_t high = High(n, reciprocal.multiplier);
  if (!reciprocal.adds) {
    return high >> reciprocal.shift;
  }
  return (((n - high) >> 1) + high) >> (reciprocal.shift - 1);
}

bool IsPowerOfTwo(uint64_t d) { return (d & (d - 1)) == 0; }

std::vector<uint64_t> Dividends(uint64_t d, std::mt19937_64& random) {
  std::vector<uint64_t> all = {
      0, 1, ~uint64_t{0}, uint64_t{1} << 63, uint64_t{1} << 32, 0xffffffff};
  for (const uint64_t multiple : {d, d * 2, ~uint64_t{0} / d * d}) {
    all.insert(all.end(), {multiple - 1, multiple, multiple + 1});
  }
  for (int i = 0; i < 16; ++i) {
    all.push_back(random() >> (random() % 64));
  }
  return all;
}

TEST(DivisionTest, EveryDivisorUpToATwentyThousandDividesAsTheCpuDoes) {
  std::mt19937_64 random(1);
  for (uint64_t d = 3; d < 20000; ++d) {
    if (IsPowerOfTwo(d)) {
      continue;
    }
    const Reciprocal reciprocal = ReciprocalOf(d);
    for (const uint64_t n : Dividends(d, random)) {
      ASSERT_EQ(Divide(n, reciprocal), n / d) << n << " / " << d;
    }
  }
}

TEST(DivisionTest, LargeDivisorsToo) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t d = random() >> (random() % 62);
    if (d < 3 || IsPowerOfTwo(d)) {
      continue;
    }
    const Reciprocal reciprocal = ReciprocalOf(d);
    for (const uint64_t n : Dividends(d, random)) {
      ASSERT_EQ(Divide(n, reciprocal), n / d) << n << " / " << d;
    }
  }
}

TEST(DivisionTest, SmallDividendsNeedOneMultiplication) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200000; ++i) {
    const auto d = static_cast<uint32_t>(random() >> (32 + random() % 31));
    if (d < 2) {
      continue;
    }
    const uint64_t multiplier = Reciprocal32(d);
    for (const uint64_t n : Dividends(d, random)) {
      const auto small = static_cast<uint32_t>(n);
      ASSERT_EQ(High(small, multiplier), small / d) << small << " / " << d;
    }
  }
}

TEST(DivisionTest, SmallDivisorsOfAllKindsOfReciprocalOccur) {
  bool adds = false;
  bool does_not = false;
  for (uint64_t d = 3; d < 100; ++d) {
    if (!IsPowerOfTwo(d)) {
      (ReciprocalOf(d).adds ? adds : does_not) = true;
    }
  }
  EXPECT_TRUE(adds);
  EXPECT_TRUE(does_not);
}

}  // namespace
}  // namespace ebpf::jit
