// SPDX-License-Identifier: MIT
//
// A packet for tests of helpers.
#pragma once

#include <stdint.h>
#include <vector>

#include "core/helpers/helper_test_util.h"
#include "core/program_types/packet.h"
#include "gtest/gtest.h"

namespace ebpf {

/// A packet of 64 numbered bytes behind Ethernet and IPv4.
class PacketTest : public testing::Test {
 protected:
  PacketTest() : room_(1024) {
    uint8_t* const packet = room_.data() + 256;
    for (uint8_t i = 0; i < 64; ++i) {
      packet[i] = i;
    }
    packet[12] = 0x08;
    packet[13] = 0x00;
    skb_.room = {room_.data(), room_.data() + room_.size()};
    skb_.mac_header = packet;
    skb_.network_header = packet + kEthernetBytes;
    SetField(skb_, skb_field::kProtocol, uint32_t{kProtocolIp4});
    PlacePacket(skb_, packet, packet + 64);
  }
  uint32_t Size() const { return PacketSize(skb_.packet); }
  uint8_t At(uint32_t offset) const { return skb_.packet.data[offset]; }

  std::vector<uint8_t> room_;
  SkbContext skb_ = {};
};

}  // namespace ebpf
