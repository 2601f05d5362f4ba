// SPDX-License-Identifier: MIT
#include "core/maps/shared_bytes.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::shared_bytes {
namespace {

TEST(SharedBytesTest, MoveEverySizeFromAndToAnyAlignment) {
  for (size_t size = 0; size < 70; ++size) {
    for (size_t shift = 0; shift < 8; ++shift) {
      alignas(8) uint8_t shared[80];
      std::vector<uint8_t> own(80), back(80, 0xee);
      memset(shared, 0xee, sizeof(shared));
      for (size_t i = 0; i < size; ++i) {
        own[shift + i] = static_cast<uint8_t>(i * 3 + size);
      }
      Store(shared, ConstBytes(own.data() + shift, size));
      Load(Bytes(back.data() + shift, size), shared);
      ASSERT_EQ(memcmp(shared, own.data() + shift, size), 0);
      ASSERT_EQ(memcmp(back.data() + shift, shared, size), 0);
      // And nothing behind it.
      ASSERT_EQ(shared[size], 0xee);
      ASSERT_EQ(back[shift + size], 0xee);
      ASSERT_TRUE(Equal(shared, ConstBytes(own.data() + shift, size)));
    }
  }
}

TEST(SharedBytesTest, EqualSeesADifferenceInEachByte) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      alignas(8) uint8_t shared[40] = {};
      uint8_t own[40] = {};
      own[at] = 1;
      ASSERT_FALSE(Equal(shared, ConstBytes(own, size)));
    }
  }
}

}  // namespace
}  // namespace ebpf::shared_bytes
