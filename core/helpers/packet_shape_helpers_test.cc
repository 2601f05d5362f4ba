// SPDX-License-Identifier: MIT
#include <vector>

#include "core/helpers/packet_test_util.h"

namespace ebpf {
namespace {

using PacketShapeHelpersTest = PacketTest;

TEST_F(PacketShapeHelpersTest, TheHeadGrows) {
  EXPECT_EQ(Call(helper_id::skb_change_head, Address(&skb_), 4, 0), 0u);
  EXPECT_EQ(Size(), 68u);
  EXPECT_EQ(At(0), 0);
  EXPECT_EQ(At(5), 1);
  EXPECT_EQ(Call(helper_id::skb_change_head, Address(&skb_), 4, 1),
            Negative(22));
  EXPECT_EQ(Call(helper_id::skb_change_head, Address(&skb_), 16000, 0),
            Negative(22));
}

TEST_F(PacketShapeHelpersTest, TheTailKeepsTheEthernetHeader) {
  EXPECT_EQ(Call(helper_id::skb_change_tail, Address(&skb_), 14, 0), 0u);
  EXPECT_EQ(Size(), 14u);
  EXPECT_EQ(Call(helper_id::skb_change_tail, Address(&skb_), 13, 0),
            Negative(22));
  EXPECT_EQ(Call(helper_id::skb_change_tail, Address(&skb_), 100, 0), 0u);
  EXPECT_EQ(At(99), 0);
}

TEST_F(PacketShapeHelpersTest, TheSecondTagLiesInThePacket) {
  constexpr uint64_t kTag = kProtocolVlan;
  EXPECT_EQ(Call(helper_id::skb_vlan_push, Address(&skb_), kTag, 5), 0u);
  EXPECT_EQ(Size(), 64u);
  EXPECT_EQ(GetField<uint32_t>(skb_, skb_field::kVlanTci), 5u);
  EXPECT_EQ(Call(helper_id::skb_vlan_push, Address(&skb_), kTag, 7), 0u);
  EXPECT_EQ(Size(), 68u);
  EXPECT_EQ(At(12), 0x81);
  EXPECT_EQ(At(15), 5);
  EXPECT_EQ(Call(helper_id::skb_vlan_pop, Address(&skb_)), 0u);
  EXPECT_EQ(Size(), 64u);
  EXPECT_EQ(GetField<uint32_t>(skb_, skb_field::kVlanTci), 5u);
  EXPECT_EQ(Call(helper_id::skb_vlan_pop, Address(&skb_)), 0u);
  EXPECT_EQ(GetField<uint32_t>(skb_, skb_field::kVlanPresent), 0u);
  EXPECT_EQ(ProtocolOf(skb_), kProtocolIp4);
}

TEST_F(PacketShapeHelpersTest, ProtocolsChangeBackAndForth) {
  EXPECT_EQ(Call(helper_id::skb_change_proto, Address(&skb_), kProtocolIp6, 0),
            0u);
  EXPECT_EQ(Size(), 84u);
  EXPECT_EQ(skb_.network_header, skb_.packet.data + kEthernetBytes);
  EXPECT_EQ(Call(helper_id::skb_change_proto, Address(&skb_), kProtocolIp4, 0),
            0u);
  EXPECT_EQ(Size(), 64u);
  EXPECT_EQ(Call(helper_id::skb_change_proto, Address(&skb_), kProtocolIp4, 0),
            Negative(524));
}

TEST_F(PacketShapeHelpersTest, RoomIsMadeBehindEitherHeader) {
  EXPECT_EQ(Call(helper_id::skb_adjust_room, Address(&skb_), 4, 1, 0), 0u);
  EXPECT_EQ(At(14), 0);
  EXPECT_EQ(At(18), 14);
  EXPECT_EQ(Call(helper_id::skb_adjust_room, Address(&skb_),
                 static_cast<uint64_t>(-4), 1, 0),
            0u);
  EXPECT_EQ(At(14), 14);
  EXPECT_EQ(Call(helper_id::skb_adjust_room, Address(&skb_), 4, 0, 0), 0u);
  EXPECT_EQ(At(33), 33);
  EXPECT_EQ(At(34), 0);
  EXPECT_EQ(Call(helper_id::skb_adjust_room, Address(&skb_), 5000, 0, 0),
            Negative(14));
  EXPECT_EQ(Call(helper_id::skb_adjust_room, Address(&skb_), 4, 2, 0),
            Negative(524));
}

TEST_F(PacketShapeHelpersTest, RoomBehindTheEndIsMadeAtTheEnd) {
  // As Linux does; the network header has no bytes in the packet.
  ASSERT_EQ(Call(helper_id::skb_change_tail, Address(&skb_), 14, 0), 0u);
  uint8_t* const behind = skb_.packet.end;
  const std::vector<uint8_t> before(behind, behind + 40);
  EXPECT_EQ(Call(helper_id::skb_adjust_room, Address(&skb_), 20, 0, 0), 0u);
  EXPECT_EQ(Size(), 34u);
  EXPECT_EQ(At(11), 11);
  EXPECT_EQ(At(14), 0);
  EXPECT_EQ(At(33), 0);
  EXPECT_EQ(skb_.packet.end, behind);
  EXPECT_EQ(std::vector<uint8_t>(behind, behind + 40), before);
}

TEST_F(PacketShapeHelpersTest, TypesOfPacketsAreFour) {
  EXPECT_EQ(Call(helper_id::skb_change_type, Address(&skb_), 3), 0u);
  EXPECT_EQ(GetField<uint32_t>(skb_, skb_field::kPacketType), 3u);
  EXPECT_EQ(Call(helper_id::skb_change_type, Address(&skb_), 4), Negative(22));
}

}  // namespace
}  // namespace ebpf
