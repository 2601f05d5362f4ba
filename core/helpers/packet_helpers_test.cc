// SPDX-License-Identifier: MIT
#include "core/helpers/packet_load.h"
#include "core/helpers/packet_test_util.h"

namespace ebpf {
namespace {

using PacketHelpersTest = PacketTest;

TEST_F(PacketHelpersTest, BytesAreLoadedOrZeroed) {
  uint32_t to = 0x55555555;
  EXPECT_EQ(
      Call(helper_id::skb_load_bytes, Address(&skb_), 60, Address(&to), 4), 0u);
  EXPECT_EQ(to, 0x3f3e3d3cu);
  EXPECT_EQ(
      Call(helper_id::skb_load_bytes, Address(&skb_), 61, Address(&to), 4),
      Negative(14));
  EXPECT_EQ(to, 0u);
  EXPECT_EQ(Call(helper_id::skb_load_bytes, Address(&skb_), UINT64_MAX,
                 Address(&to), 4),
            Negative(14));
}

TEST_F(PacketHelpersTest, OffsetsCountFromHeaders) {
  uint8_t to = 0;
  EXPECT_EQ(Call(helper_id::skb_load_bytes_relative, Address(&skb_), 2,
                 Address(&to), 1, 0),
            0u);
  EXPECT_EQ(to, 2);
  EXPECT_EQ(Call(helper_id::skb_load_bytes_relative, Address(&skb_), 2,
                 Address(&to), 1, 1),
            0u);
  EXPECT_EQ(to, 16);
  EXPECT_EQ(Call(helper_id::skb_load_bytes_relative, Address(&skb_), 2,
                 Address(&to), 1, 2),
            Negative(14));
}

TEST_F(PacketHelpersTest, BytesAreStored) {
  const uint16_t from = 0x1234;
  SetField(skb_, skb_field::kHash, uint32_t{9});
  EXPECT_EQ(Call(helper_id::skb_store_bytes, Address(&skb_), 62, Address(&from),
                 2, 2),
            0u);
  EXPECT_EQ(At(62), 0x34);
  EXPECT_EQ(GetField<uint32_t>(skb_, skb_field::kHash), 0u);
  EXPECT_EQ(Call(helper_id::skb_store_bytes, Address(&skb_), 63, Address(&from),
                 2, 0),
            Negative(14));
  EXPECT_EQ(
      Call(helper_id::skb_store_bytes, Address(&skb_), 0, Address(&from), 2, 4),
      Negative(22));
}

TEST_F(PacketHelpersTest, OldLoadsGiveTheNetworksOrderAndFailBelowZero) {
  using namespace helpers;  // NOLINT: the functions under test
  const uint64_t skb = Address(&skb_);
  EXPECT_EQ(LoadPacket8(skb, 63, 0, 0, 0), 63u);
  EXPECT_EQ(LoadPacket16(skb, 1, 0, 0, 0), 0x0102u);
  EXPECT_EQ(LoadPacket32(skb, 60, 0, 0, 0), 0x3c3d3e3fu);
  EXPECT_LT(static_cast<int64_t>(LoadPacket32(skb, 61, 0, 0, 0)), 0);
  // SKF_NET_OFF and SKF_LL_OFF.
  EXPECT_EQ(LoadPacket8(skb, static_cast<uint64_t>(-0x100000 + 1), 0, 0, 0),
            15u);
  EXPECT_EQ(LoadPacket8(skb, static_cast<uint64_t>(-0x200000 + 1), 0, 0, 0),
            1u);
  EXPECT_LT(static_cast<int64_t>(LoadPacket8(skb, UINT64_MAX, 0, 0, 0)), 0);
}

TEST_F(PacketHelpersTest, AllOfThePacketIsThere) {
  EXPECT_EQ(Call(helper_id::skb_pull_data, Address(&skb_), 64), 0u);
  EXPECT_EQ(Call(helper_id::skb_pull_data, Address(&skb_), 65), Negative(12));
}

}  // namespace
}  // namespace ebpf
