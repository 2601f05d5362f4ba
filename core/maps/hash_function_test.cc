// SPDX-License-Identifier: MIT
#include "core/maps/hash_function.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

uint32_t Hash(const std::vector<uint8_t>& key, uint64_t seed) {
  return HashKey(ConstBytes(key.data(), key.size()), seed);
}

TEST(HashFunctionTest, DependsOnEveryBitOfTheKeyAndOfTheSeed) {
  std::mt19937_64 random(1);
  for (size_t size : {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 40, 100}) {
    // Each bit flipped should change each output bit in half of the trials.
    constexpr int kTrials = 400;
    for (size_t bit = 0; bit < 8 * size + 64; ++bit) {
      int flips[32] = {};
      for (int trial = 0; trial < kTrials; ++trial) {
        std::vector<uint8_t> key(size);
        for (uint8_t& byte : key) {
          byte = static_cast<uint8_t>(random());
        }
        uint64_t seed = random();
        const uint32_t before = Hash(key, seed);
        if (bit < 8 * size) {
          key[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        } else {
          seed ^= uint64_t{1} << (bit - 8 * size);
        }
        const uint32_t changed = before ^ Hash(key, seed);
        for (int out = 0; out < 32; ++out) {
          flips[out] += changed >> out & 1;
        }
      }
      for (int out = 0; out < 32; ++out) {
        // Seven standard deviations (10 each) around one half.
        ASSERT_GT(flips[out], kTrials / 2 - 70) << size << " " << bit;
        ASSERT_LT(flips[out], kTrials / 2 + 70) << size << " " << bit;
      }
    }
  }
}

/// The statistic of Pearson's test over 1024 buckets, in deviations.
double Unevenness(const std::vector<uint32_t>& hashes) {
  std::vector<double> counts(1024);
  for (uint32_t hash : hashes) {
    ++counts[hash % 1024];
  }
  const double expected = static_cast<double>(hashes.size()) / 1024;
  double sum = 0;
  for (double count : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  return (sum - 1023) / std::sqrt(2 * 1023.0);
}

TEST(HashFunctionTest, SpreadsTheKeysThatProgramsUse) {
  for (uint64_t seed :
       {uint64_t{0}, uint64_t{1}, uint64_t{0x123456789abcdef}}) {
    std::vector<uint32_t> counting, stepping, pointers, pairs;
    for (uint64_t i = 0; i < 65536; ++i) {
      const auto number = static_cast<uint32_t>(i);
      const uint32_t page = number << 12;
      const uint64_t pointer = 0xffff888000000000 + i * 192;
      const uint64_t pid_tgid = i << 32 | i / 4;
      counting.push_back(HashKey(BytesOf(number), seed));
      stepping.push_back(HashKey(BytesOf(page), seed));
      pointers.push_back(HashKey(BytesOf(pointer), seed));
      pairs.push_back(HashKey(BytesOf(pid_tgid), seed));
    }
    EXPECT_LT(Unevenness(counting), 6);
    EXPECT_LT(Unevenness(stepping), 6);
    EXPECT_LT(Unevenness(pointers), 6);
    EXPECT_LT(Unevenness(pairs), 6);
  }
}

TEST(HashFunctionTest, KeysThatDifferInTheirZerosDiffer) {
  const std::vector<uint8_t> zeros(64);
  std::vector<uint32_t> seen;
  for (size_t size = 1; size <= 64; ++size) {
    const uint32_t hash = HashKey(ConstBytes(zeros.data(), size), 99);
    for (uint32_t other : seen) {
      EXPECT_NE(hash, other);
    }
    seen.push_back(hash);
  }
}

}  // namespace
}  // namespace ebpf
