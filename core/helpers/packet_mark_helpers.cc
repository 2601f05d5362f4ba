// SPDX-License-Identifier: MIT
//
// Helpers that mark a packet: as one that met congestion, with a time.
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/program_types/packet.h"

namespace ebpf::helpers {
namespace {

// Of the two bits for congestion in an IP header. [RFC 3168]
constexpr uint8_t kEcnMask = 3;
constexpr uint8_t kNotCapable = 0;
constexpr uint8_t kCongestion = 3;

// What bpf_skb_set_tstamp calls the clocks.
constexpr uint32_t kRealTime = 0;
constexpr uint32_t kTai = 2;
constexpr uint32_t kTimestampType = 180;  // __sk_buff's field

SkbContext& AsSkb(uint64_t context) {
  return *reinterpret_cast<SkbContext*>(context);
}

bool IsVlan(uint16_t protocol) {
  return protocol == kProtocolVlan || protocol == kProtocolProviderVlan;
}

/// The protocol behind tags of VLANs in the packet's bytes; 0: there are too
/// many, or the packet ends.
uint16_t ProtocolBehindTags(const SkbContext& skb) {
  constexpr uint32_t kMaxTags = 8;
  constexpr uint32_t kTagBytes = 4;  // its own, then the protocol
  uint16_t protocol = ProtocolOf(skb);
  // As Linux, from the protocol in front of the first tag on.
  const uint8_t* at = skb.packet.data + kEthernetBytes - kTagBytes;
  for (uint32_t i = 1; IsVlan(protocol); ++i, at += kTagBytes) {
    if (i == kMaxTags || at + kTagBytes > skb.packet.end) {
      return 0;
    }
    protocol = LoadUnaligned<uint16_t>(at + 2);
  }
  return protocol;
}

/// Marks an IPv4 header, and its checksum; false: it is of no flow that knows
/// the mark.
bool MarkIp4(uint8_t* header) {
  constexpr uint32_t kChecksum = 10;
  const uint8_t before = header[1] & kEcnMask;
  if (before == kNotCapable || before == kCongestion) {
    return before == kCongestion;
  }
  const auto added = static_cast<uint16_t>(kCongestion - before);
  header[1] |= kCongestion;
  // The checksum is the complement of a sum: what that gains it loses.
  const uint32_t sum = uint32_t{LoadUnaligned<uint16_t>(header + kChecksum)} +
                       BigEndian(static_cast<uint16_t>(0xffff - added));
  StoreUnaligned(header + kChecksum,
                 static_cast<uint16_t>(sum + (sum >= 0xffff ? 1 : 0)));
  return true;
}

bool MarkIp6(uint8_t* header) {
  // Behind the version: 6 bits of service, then these two.
  if ((header[1] >> 4 & kEcnMask) == kNotCapable) {
    return false;
  }
  header[1] |= kCongestion << 4;
  return true;
}

}  // namespace

/// long bpf_skb_ecn_set_ce(skb): 1: the packet says now that it met congestion;
/// 0: it cannot.
uint64_t SkbEcnSetCe(uint64_t context, uint64_t, uint64_t, uint64_t, uint64_t) {
  const SkbContext& skb = AsSkb(context);
  const uint16_t protocol = ProtocolBehindTags(skb);
  const uint32_t size = protocol == kProtocolIp4   ? kIp4Bytes
                        : protocol == kProtocolIp6 ? kIp6Bytes
                                                   : 0;
  uint8_t* const header = skb.network_header;
  if (size == 0 || header < skb.packet.data || header + size > skb.packet.end) {
    return 0;
  }
  return (protocol == kProtocolIp4 ? MarkIp4(header) : MarkIp6(header)) ? 1 : 0;
}

/// long bpf_skb_set_tstamp(skb, tstamp, type): -EOPNOTSUPP: not of IP; -EINVAL:
/// an unknown clock, or no time of one that cannot be 0.
uint64_t SkbSetTstamp(uint64_t context, uint64_t time, uint64_t type, uint64_t,
                      uint64_t) {
  SkbContext& skb = AsSkb(context);
  const uint16_t protocol = ProtocolOf(skb);
  const auto clock = static_cast<uint32_t>(type);
  if (protocol != kProtocolIp4 && protocol != kProtocolIp6) {
    return AsResult(Status::kNotSupported);
  }
  if (clock > kTai || (clock != kRealTime && time == 0)) {
    return AsResult(Status::kInvalid);
  }
  SetField(skb, skb_field::kTimestamp, time);
  SetField(skb, kTimestampType, static_cast<uint8_t>(clock));
  return 0;
}

}  // namespace ebpf::helpers
