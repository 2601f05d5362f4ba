// SPDX-License-Identifier: MIT
#include <cerrno>

#include "core/helpers/packet_test_util.h"

namespace ebpf {
namespace {

class PacketMarkHelpersTest : public PacketTest {
 protected:
  uint8_t* header() { return skb_.network_header; }
  uint64_t Mark() { return Call(helper_id::skb_ecn_set_ce, Address(&skb_)); }
  uint64_t Stamp(uint64_t time, uint64_t clock) {
    return Call(helper_id::skb_set_tstamp, Address(&skb_), time, clock);
  }
  /// The sum of an IPv4 header's words, 0xffff where its checksum is right.
  uint32_t Sum() {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < kIp4Bytes; i += 2) {
      sum += uint32_t{header()[i]} << 8 | header()[i + 1];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
  }
};

TEST_F(PacketMarkHelpersTest, CongestionIsMarkedAndTheChecksumStaysRight) {
  for (uint8_t before : {1, 2, 3}) {
    header()[1] = static_cast<uint8_t>(0x48 | before);
    header()[10] = header()[11] = 0;
    const uint32_t sum = Sum();
    header()[10] = static_cast<uint8_t>(~sum >> 8);
    header()[11] = static_cast<uint8_t>(~sum);
    ASSERT_EQ(Sum(), 0xffffu);
    EXPECT_EQ(Mark(), 1u);
    EXPECT_EQ(header()[1], 0x4b);
    EXPECT_EQ(Sum(), 0xffffu) << int{before};
  }
}

TEST_F(PacketMarkHelpersTest, FlowsThatDoNotKnowTheMarkAreLeftAlone) {
  header()[1] = 0x48;
  EXPECT_EQ(Mark(), 0u);
  EXPECT_EQ(header()[1], 0x48);
  SetField(skb_, skb_field::kProtocol, uint32_t{0x0608});  // ARP
  header()[1] = 1;
  EXPECT_EQ(Mark(), 0u);
}

TEST_F(PacketMarkHelpersTest, Ip6HasItElsewhere) {
  SetField(skb_, skb_field::kProtocol, uint32_t{kProtocolIp6});
  header()[1] = 0x2a;
  EXPECT_EQ(Mark(), 1u);
  EXPECT_EQ(header()[1], 0x3a);
  header()[1] = 0x0a;
  EXPECT_EQ(Mark(), 0u);
}

TEST_F(PacketMarkHelpersTest, HeadersThatEndTooEarlyAreNotTouched) {
  header()[1] = 1;
  skb_.packet.end = header() + kIp4Bytes - 1;
  EXPECT_EQ(Mark(), 0u);
  skb_.packet.end = header() + kIp4Bytes;
  EXPECT_EQ(Mark(), 1u);
}

TEST_F(PacketMarkHelpersTest, TagsAreLookedThroughToTheirEnd) {
  SetField(skb_, skb_field::kProtocol, uint32_t{kProtocolVlan});
  for (uint32_t i = 12; i < 64; i += 2) {  // tags, and nothing else
    skb_.packet.data[i] = 0x81;
    skb_.packet.data[i + 1] = 0x00;
  }
  EXPECT_EQ(Mark(), 0u);
  skb_.packet.data[16] = 0x08;  // behind the first
  header()[1] = 1;
  EXPECT_EQ(Mark(), 1u);
}

TEST_F(PacketMarkHelpersTest, TimesAreOfAClock) {
  EXPECT_EQ(Stamp(5, 1), 0u);
  EXPECT_EQ(GetField<uint64_t>(skb_, skb_field::kTimestamp), 5u);
  EXPECT_EQ(skb_.fields[180], 1);
  EXPECT_EQ(Stamp(0, 0), 0u);
  EXPECT_EQ(GetField<uint64_t>(skb_, skb_field::kTimestamp), 0u);
  EXPECT_EQ(Stamp(0, 1), Negative(EINVAL));
  EXPECT_EQ(Stamp(0, 2), Negative(EINVAL));
  EXPECT_EQ(Stamp(5, 3), Negative(EINVAL));
  SetField(skb_, skb_field::kProtocol, uint32_t{0x0608});
  EXPECT_EQ(Stamp(5, 0), Negative(EOPNOTSUPP));
}

}  // namespace
}  // namespace ebpf
