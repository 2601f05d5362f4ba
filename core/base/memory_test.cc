// SPDX-License-Identifier: MIT
#include "core/base/memory.h"

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(MemoryTest, NothingAtNullIsFine) {
  CopyBytes(nullptr, nullptr, 0);
  FillBytes(nullptr, 1, 0);
  EXPECT_TRUE(EqualBytes(ConstBytes(), ConstBytes()));
  EXPECT_TRUE(AllZero(ConstBytes()));
}

TEST(MemoryTest, CopiesFillsAndCompares) {
  uint8_t a[4] = {1, 2, 3, 4};
  uint8_t b[4] = {};
  EXPECT_TRUE(AllZero(Bytes(b)));
  CopyBytes(b, a, 3);
  EXPECT_FALSE(EqualBytes(Bytes(a), Bytes(b)));
  EXPECT_TRUE(EqualBytes(Bytes(a, 3), Bytes(b, 3)));
  EXPECT_FALSE(EqualBytes(Bytes(a, 3), Bytes(b, 2)));
  FillBytes(b, 0, 4);
  b[3] = 1;
  EXPECT_FALSE(AllZero(Bytes(b)));
}

TEST(MemoryTest, LoadsAndStoresAtAnyAlignment) {
  uint8_t bytes[16] = {};
  for (size_t at = 0; at <= 8; ++at) {
    StoreUnaligned<uint64_t>(bytes + at, 0x0102030405060708);
    EXPECT_EQ(LoadUnaligned<uint64_t>(bytes + at), 0x0102030405060708u);
    EXPECT_EQ(bytes[at], 8);
  }
}

}  // namespace
}  // namespace ebpf
