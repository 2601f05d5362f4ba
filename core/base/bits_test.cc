// SPDX-License-Identifier: MIT
#include "core/base/bits.h"

#include <bit>
#include <cstring>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint64_t kValues[] = {0,          1,
                                2,          3,
                                4,          5,
                                0xff,       0x100,
                                0x7fff,     0xffff,
                                0x80000000, 0xffffffff,
                                1ull << 32, (1ull << 32) + 1,
                                1ull << 62, (1ull << 63) - 1,
                                1ull << 63};

TEST(BitsTest, WidthAndPowersAreStds) {
  for (const uint64_t value : kValues) {
    EXPECT_EQ(BitWidth(value), static_cast<unsigned>(std::bit_width(value)));
    EXPECT_EQ(IsPowerOfTwo(value), std::has_single_bit(value));
    EXPECT_EQ(RoundUpToPowerOfTwo(value), std::bit_ceil(value)) << value;
  }
}

TEST(BitsTest, ZerosAreCountedAsByStd) {
  for (const uint64_t value : kValues) {
    EXPECT_EQ(internal::CountLeadingZeros(value),
              static_cast<unsigned>(std::countl_zero(value)))
        << value;
    if (value == 0) {
      continue;
    }
    EXPECT_EQ(CountLeadingZeros(value),
              static_cast<unsigned>(std::countl_zero(value)));
    EXPECT_EQ(CountTrailingZeros(value),
              static_cast<unsigned>(std::countr_zero(value)));
    EXPECT_EQ(63 - internal::CountLeadingZeros(value & (~value + 1)),
              static_cast<unsigned>(std::countr_zero(value)));
  }
}

TEST(BitsTest, AligningFindsTheMultipleBelowAndAbove) {
  for (const uint64_t align : {1u, 2u, 8u, 4096u}) {
    for (const uint64_t value : {0u, 1u, 7u, 8u, 9u, 4095u, 4096u, 4097u}) {
      const uint64_t up = AlignUp(value, align);
      const uint64_t down = AlignDown(value, align);
      EXPECT_EQ(up % align, 0u);
      EXPECT_EQ(down % align, 0u);
      EXPECT_TRUE(up >= value && up - value < align);
      EXPECT_TRUE(down <= value && value - down < align);
    }
  }
  EXPECT_EQ(AlignUp<uint8_t>(250, 8), 0);  // wraps, as documented
}

TEST(BitsTest, ByteSwapReversesTheBytes) {
  static_assert(ByteSwap(uint16_t{0x0102}) == 0x0201);
  static_assert(ByteSwap(uint32_t{0x01020304}) == 0x04030201);
  static_assert(ByteSwap(uint64_t{0x0102030405060708}) == 0x0807060504030201);
  for (const uint64_t value : kValues) {
    EXPECT_EQ(ByteSwap(value), __builtin_bswap64(value));
    EXPECT_EQ(ByteSwap(static_cast<uint32_t>(value)),
              __builtin_bswap32(static_cast<uint32_t>(value)));
    EXPECT_EQ(ByteSwap(ByteSwap(value)), value);
  }
}

TEST(BitsTest, OrdersAreThoseOfTheBytesInMemory) {
  const uint32_t little = LittleEndian(uint32_t{0x01020304});
  const uint32_t big = BigEndian(uint32_t{0x01020304});
  EXPECT_EQ(std::memcmp(&little, "\x04\x03\x02\x01", 4), 0);
  EXPECT_EQ(std::memcmp(&big, "\x01\x02\x03\x04", 4), 0);
  EXPECT_EQ(kLittleEndian, std::endian::native == std::endian::little);
}

TEST(BitsTest, SignExtendRepeatsTheTopBitOfWhatIsKept) {
  EXPECT_EQ(SignExtend(0x80, 8), -128);
  EXPECT_EQ(SignExtend(0x17f, 8), 127);
  EXPECT_EQ(SignExtend(0xffff8000, 16), -32768);
  EXPECT_EQ(SignExtend(0x1'8000'0000, 32), INT32_MIN);
  EXPECT_EQ(SignExtend(1, 1), -1);
  EXPECT_EQ(SignExtend(1ull << 63, 64), INT64_MIN);
}

}  // namespace
}  // namespace ebpf
