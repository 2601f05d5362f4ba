// SPDX-License-Identifier: MIT
#include <cstdint>
#include <vector>

#include "core/helpers/kfuncs.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

uint64_t CallKfunc(const char* name, uint64_t r1, uint64_t r2 = 0,
                   uint64_t r3 = 0) {
  return FindKfunc(name)->function(r1, r2, r3, 0, 0);
}

uint64_t Address(const void* of) { return reinterpret_cast<uint64_t>(of); }

std::vector<int32_t> Elements(const char* next, const void* iterator) {
  std::vector<int32_t> all;
  while (const uint64_t element = CallKfunc(next, Address(iterator))) {
    all.push_back(*reinterpret_cast<const int32_t*>(element));
  }
  EXPECT_EQ(CallKfunc(next, Address(iterator)), 0u);
  return all;
}

std::vector<int32_t> Numbers(int32_t start, int32_t end) {
  uint64_t iterator = 0;
  EXPECT_EQ(CallKfunc("bpf_iter_num_new", Address(&iterator),
                      static_cast<uint64_t>(start), static_cast<uint64_t>(end)),
            0u);
  return Elements("bpf_iter_num_next", &iterator);
}

TEST(IteratorKfuncsTest, NumbersGoUpToTheEnd) {
  EXPECT_EQ(Numbers(2, 5), (std::vector<int32_t>{2, 3, 4}));
  EXPECT_EQ(Numbers(-2, 1), (std::vector<int32_t>{-2, -1, 0}));
  EXPECT_EQ(Numbers(7, 7), std::vector<int32_t>());
  EXPECT_EQ(Numbers(INT32_MAX - 1, INT32_MAX),
            (std::vector<int32_t>{INT32_MAX - 1}));
}

TEST(IteratorKfuncsTest, ThereAreAtMostEightMillionNumbers) {
  uint64_t iterator = 0;
  const uint64_t at = Address(&iterator);
  EXPECT_EQ(static_cast<int32_t>(CallKfunc("bpf_iter_num_new", at, 5, 4)), -22);
  EXPECT_EQ(CallKfunc("bpf_iter_num_next", at), 0u);
  EXPECT_EQ(
      static_cast<int32_t>(CallKfunc("bpf_iter_num_new", at, 0, (1 << 23) + 1)),
      -7);
  EXPECT_EQ(CallKfunc("bpf_iter_num_next", at), 0u);
  EXPECT_EQ(CallKfunc("bpf_iter_num_new", at, 0, 1 << 23), 0u);
}

std::vector<int32_t> Bits(const std::vector<uint64_t>& words) {
  uint64_t iterator[2] = {};
  EXPECT_EQ(CallKfunc("bpf_iter_bits_new", Address(iterator),
                      Address(words.data()), words.size()),
            0u);
  return Elements("bpf_iter_bits_next", iterator);
}

TEST(IteratorKfuncsTest, BitsAreFoundInAllWords) {
  EXPECT_EQ(Bits({0x8000000000000005}), (std::vector<int32_t>{0, 2, 63}));
  EXPECT_EQ(Bits({0, 1, uint64_t{1} << 63}), (std::vector<int32_t>{64, 191}));
  EXPECT_EQ(Bits({0}), std::vector<int32_t>());
}

TEST(IteratorKfuncsTest, OneWordIsACopy) {
  uint64_t iterator[2] = {};
  uint64_t word = 4;
  CallKfunc("bpf_iter_bits_new", Address(iterator), Address(&word), 1);
  word = 0;
  EXPECT_EQ(Elements("bpf_iter_bits_next", iterator),
            (std::vector<int32_t>{2}));
}

TEST(IteratorKfuncsTest, WordsThatAreNotThereAreRefused) {
  uint64_t iterator[2] = {};
  uint64_t word = 1;
  const uint64_t at = Address(iterator);
  const auto result = [&](uint64_t words, uint64_t count) {
    return static_cast<int32_t>(
        CallKfunc("bpf_iter_bits_new", at, words, count));
  };
  EXPECT_EQ(result(0, 1), -22);
  EXPECT_EQ(result(Address(&word), 0), -22);
  EXPECT_EQ(result(Address(&word), 512), -7);
  EXPECT_EQ(result(0x10, 1), -14);
  EXPECT_EQ(CallKfunc("bpf_iter_bits_next", at), 0u);
}

TEST(IteratorKfuncsTest, CastsGiveWhatTheyGet) {
  EXPECT_EQ(CallKfunc("bpf_rdonly_cast", 0x1234, 5), 0x1234u);
  EXPECT_EQ(CallKfunc("bpf_rcu_read_lock", 0), 0u);
}

}  // namespace
}  // namespace ebpf
