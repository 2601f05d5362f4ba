// SPDX-License-Identifier: MIT
#include <vector>

#include "core/helpers/helper_test_util.h"
#include "core/program_types/packet.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

/// 64 numbered bytes with 256 in front of them and 100 behind.
class XdpHelpersTest : public testing::Test {
 protected:
  XdpHelpersTest() : room_(256 + 64 + 100) {
    uint8_t* const packet = room_.data() + 256;
    for (uint8_t i = 0; i < 64; ++i) {
      packet[i] = i;
    }
    xdp_.packet = {packet, packet + 64, packet};
    xdp_.frags_end = packet + 64;
    xdp_.room = {room_.data(), room_.data() + room_.size()};
  }
  uint64_t Adjust(int32_t helper, int64_t by) {
    return Call(static_cast<uint32_t>(helper), Address(&xdp_),
                static_cast<uint64_t>(by));
  }

  std::vector<uint8_t> room_;
  XdpContext xdp_ = {};
};

TEST_F(XdpHelpersTest, TheHeadMovesWithinItsRoom) {
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_head, -216), 0u);
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_head, -1), Negative(22));
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_head, 266), 0u);
  EXPECT_EQ(PacketSize(xdp_.packet), 14u);
  EXPECT_EQ(xdp_.packet.data[0], 50);
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_head, 1), Negative(22));
}

TEST_F(XdpHelpersTest, WhatIsInFrontMovesAlong) {
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_meta, -4), 0u);
  xdp_.packet.meta[0] = 77;
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_head, -8), 0u);
  EXPECT_EQ(xdp_.packet.data - xdp_.packet.meta, 4);
  EXPECT_EQ(xdp_.packet.meta[0], 77);
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_meta, 1), Negative(13));
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_meta, 5), Negative(22));
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_meta, -252), Negative(22));
}

TEST_F(XdpHelpersTest, TheTailGrowsWithZeros) {
  xdp_.packet.end[0] = 0xff;
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_tail, 100), 0u);
  EXPECT_EQ(xdp_.packet.data[64], 0);
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_tail, 1), Negative(22));
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_tail, -150), 0u);
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_tail, -1), Negative(22));
  EXPECT_EQ(Call(helper_id::xdp_get_buff_len, Address(&xdp_)), 14u);
}

TEST_F(XdpHelpersTest, FragmentsAreReachedByHelpers) {
  xdp_.packet.end -= 10;  // the rest is a fragment
  EXPECT_EQ(Call(helper_id::xdp_get_buff_len, Address(&xdp_)), 64u);
  uint16_t two = 0;
  EXPECT_EQ(
      Call(helper_id::xdp_load_bytes, Address(&xdp_), 53, Address(&two), 2),
      0u);
  EXPECT_EQ(two, 0x3635);
  EXPECT_EQ(
      Call(helper_id::xdp_load_bytes, Address(&xdp_), 63, Address(&two), 2),
      Negative(22));
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_tail, 2), 0u);
  EXPECT_EQ(Call(helper_id::xdp_get_buff_len, Address(&xdp_)), 66u);
  EXPECT_EQ(Adjust(helper_id::xdp_adjust_tail, -20), 0u);
  EXPECT_EQ(PacketSize(xdp_.packet), 46u);
  EXPECT_EQ(xdp_.frags_end, xdp_.packet.end);
}

TEST_F(XdpHelpersTest, BytesAreStored) {
  const uint16_t two = 0xabcd;
  EXPECT_EQ(
      Call(helper_id::xdp_store_bytes, Address(&xdp_), 62, Address(&two), 2),
      0u);
  EXPECT_EQ(xdp_.packet.data[62], 0xcd);
  EXPECT_EQ(Call(helper_id::xdp_store_bytes, Address(&xdp_), 0x10000,
                 Address(&two), 2),
            Negative(14));
}

}  // namespace
}  // namespace ebpf
