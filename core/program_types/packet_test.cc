// SPDX-License-Identifier: MIT
#include "core/program_types/packet.h"

#include <gtest/gtest.h>
#include <vector>

namespace ebpf {
namespace {

/// Ten numbered bytes in the middle of thirty.
class PacketTest : public testing::Test {
 protected:
  PacketTest() : room_(30) {
    skb_.room = {room_.data(), room_.data() + room_.size()};
    skb_.mac_header = room_.data() + 10;
    skb_.network_header = room_.data() + 14;
    PlacePacket(skb_, room_.data() + 10, room_.data() + 20);
    for (uint8_t i = 0; i < 10; ++i) {
      skb_.packet.data[i] = i;
    }
  }
  std::vector<int> Bytes() const { return {skb_.packet.data, skb_.packet.end}; }
  uint32_t Length() const { return GetField<uint32_t>(skb_, skb_field::kLen); }

  std::vector<uint8_t> room_;
  SkbContext skb_ = {};
};

TEST_F(PacketTest, BytesAreInsertedByMovingWhatIsInFront) {
  ASSERT_TRUE(InsertBytes(skb_, 2, 3));
  EXPECT_EQ(Bytes(), (std::vector<int>{0, 1, 0, 0, 0, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(Length(), 13u);
  EXPECT_EQ(skb_.mac_header, skb_.packet.data);
  EXPECT_EQ(*skb_.network_header, 4);
}

TEST_F(PacketTest, BytesBehindTheEndAreInsertedThere) {
  ASSERT_TRUE(InsertBytes(skb_, 12, 3));
  EXPECT_EQ(Bytes(), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0}));
  // Nothing moves but the packet.
  room_.assign(room_.size(), 0xff);
  PlacePacket(skb_, room_.data() + 28, room_.data() + 30);
  ASSERT_TRUE(InsertBytes(skb_, 20, 4));
  EXPECT_EQ(Bytes(), (std::vector<int>{0xff, 0xff, 0, 0, 0, 0}));
}

TEST_F(PacketTest, ThereMayBeNoRoomInFront) {
  EXPECT_FALSE(InsertBytes(skb_, 0, 11));
  EXPECT_EQ(Length(), 10u);
  EXPECT_TRUE(InsertBytes(skb_, 0, 10));
  EXPECT_EQ(skb_.packet.data, skb_.room.head);
}

TEST_F(PacketTest, BytesAreTakenOut) {
  RemoveBytes(skb_, 2, 3);
  EXPECT_EQ(Bytes(), (std::vector<int>{0, 1, 5, 6, 7, 8, 9}));
  EXPECT_EQ(Length(), 7u);
  EXPECT_EQ(skb_.mac_header, skb_.packet.data);
}

TEST_F(PacketTest, ResizingCutsAndFillsWithZeros) {
  ASSERT_TRUE(ResizePacket(skb_, 4));
  EXPECT_EQ(Bytes(), (std::vector<int>{0, 1, 2, 3}));
  ASSERT_TRUE(ResizePacket(skb_, 6));
  EXPECT_EQ(Bytes(), (std::vector<int>{0, 1, 2, 3, 0, 0}));
  EXPECT_TRUE(ResizePacket(skb_, 20));
  EXPECT_FALSE(ResizePacket(skb_, 21));
  EXPECT_EQ(Length(), 20u);
}

}  // namespace
}  // namespace ebpf
