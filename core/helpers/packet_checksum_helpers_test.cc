// SPDX-License-Identifier: MIT
#include "core/helpers/packet_test_util.h"

namespace ebpf {
namespace {

using PacketChecksumHelpersTest = PacketTest;

/// The sum that RFC 1071 asks for, over `size` bytes.
uint16_t Checksum(const uint8_t* bytes, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i < size; i += 2) {
    sum += LoadUnaligned<uint16_t>(bytes + i);
  }
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

TEST_F(PacketChecksumHelpersTest, AChangedWordKeepsTheChecksumRight) {
  uint8_t* const header = skb_.network_header;
  StoreUnaligned<uint16_t>(header + 10, 0);
  StoreUnaligned(header + 10, Checksum(header, 20));
  const auto from = LoadUnaligned<uint32_t>(header + 12);
  const uint32_t to = 0xdeadbeef;
  StoreUnaligned(header + 12, to);
  EXPECT_EQ(Call(helper_id::l3_csum_replace, Address(&skb_), 24, from, to, 4),
            0u);
  EXPECT_EQ(Checksum(header, 20), 0);
  const auto half = LoadUnaligned<uint16_t>(header + 16);
  StoreUnaligned<uint16_t>(header + 16, 0x4321);
  EXPECT_EQ(
      Call(helper_id::l4_csum_replace, Address(&skb_), 24, half, 0x4321, 2),
      0u);
  EXPECT_EQ(Checksum(header, 20), 0);
}

TEST_F(PacketChecksumHelpersTest, ADifferenceIsAddedAsItIs) {
  StoreUnaligned<uint16_t>(skb_.packet.data + 24, 0);
  EXPECT_EQ(Call(helper_id::l3_csum_replace, Address(&skb_), 24, 0, 5, 0), 0u);
  EXPECT_EQ(LoadUnaligned<uint16_t>(skb_.packet.data + 24), 0xfffa);
  EXPECT_EQ(Call(helper_id::l3_csum_replace, Address(&skb_), 24, 1, 5, 0),
            Negative(22));
}

TEST_F(PacketChecksumHelpersTest, NoChecksumStaysNone) {
  StoreUnaligned<uint16_t>(skb_.packet.data + 24, 0);
  EXPECT_EQ(Call(helper_id::l4_csum_replace, Address(&skb_), 24, 0, 5, 0x22),
            0u);
  EXPECT_EQ(LoadUnaligned<uint16_t>(skb_.packet.data + 24), 0);
}

TEST_F(PacketChecksumHelpersTest, PlacesAreEvenAndInside) {
  for (const uint64_t at : {uint64_t{25}, uint64_t{63}, uint64_t{0x10000}}) {
    EXPECT_EQ(Call(helper_id::l3_csum_replace, Address(&skb_), at, 0, 5, 2),
              Negative(14));
  }
  EXPECT_EQ(Call(helper_id::l3_csum_replace, Address(&skb_), 24, 0, 5, 3),
            Negative(22));
  EXPECT_EQ(Call(helper_id::csum_update, Address(&skb_), 1), Negative(524));
  EXPECT_EQ(Call(helper_id::csum_level, Address(&skb_), 0), Negative(13));
}

}  // namespace
}  // namespace ebpf
