// SPDX-License-Identifier: MIT
//
// Helpers that make a packet longer, shorter or another one: space for headers,
// tags of VLANs, IPv4 to IPv6 and back.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/program_types/packet.h"

namespace ebpf::helpers {
namespace {

/// The longest packet that a program makes: Linux's with pages of 4 KiB.
constexpr uint32_t kMaxPacketBytes = 16064;
constexpr uint32_t kVlanBytes = 4;
/// An Ethernet header's bytes in front of its protocol.
constexpr uint32_t kAddressBytes = 12;

SkbContext& AsSkb(uint64_t context) {
  return *reinterpret_cast<SkbContext*>(context);
}

uint32_t SizeOf(const SkbContext& skb) { return PacketSize(skb.packet); }

uint32_t OffsetOf(const SkbContext& skb, const uint8_t* header) {
  return header < skb.packet.data
             ? 0
             : static_cast<uint32_t>(header - skb.packet.data);
}

void SetProtocol(SkbContext& skb, uint16_t protocol) {
  SetField(skb, skb_field::kProtocol, uint32_t{protocol});
}

bool IsVlan(uint16_t protocol) {
  return protocol == kProtocolVlan || protocol == kProtocolProviderVlan;
}

bool HasTag(const SkbContext& skb) {
  return GetField<uint32_t>(skb, skb_field::kVlanPresent) != 0;
}

/// The tag that is not in the packet's bytes.
void SetTag(SkbContext& skb, bool present, uint16_t protocol, uint16_t tci) {
  SetField(skb, skb_field::kVlanPresent, uint32_t{present});
  SetField(skb, skb_field::kVlanProtocol, uint32_t{protocol});
  SetField(skb, skb_field::kVlanTci, uint32_t{tci});
}

/// Puts the tag behind the addresses; false: no room.
bool WriteTag(SkbContext& skb) {
  const auto protocol =
      static_cast<uint16_t>(GetField<uint32_t>(skb, skb_field::kVlanProtocol));
  const auto tci =
      static_cast<uint16_t>(GetField<uint32_t>(skb, skb_field::kVlanTci));
  if (SizeOf(skb) < kEthernetBytes ||
      !InsertBytes(skb, kAddressBytes, kVlanBytes)) {
    return false;
  }
  // The tag is what follows the Ethernet header now.
  skb.network_header -= kVlanBytes;
  uint8_t* const tag = skb.packet.data + kAddressBytes;
  StoreUnaligned(tag, protocol);
  StoreUnaligned(tag + sizeof(uint16_t), BigEndian(tci));
  SetProtocol(skb, protocol);
  return true;
}

/// Takes the tag behind the addresses out; its number. False: there is none.
bool ReadTag(SkbContext& skb, uint16_t& tci) {
  if (SizeOf(skb) < kEthernetBytes + kVlanBytes) {
    return false;
  }
  const uint8_t* const tag = skb.packet.data + kAddressBytes;
  tci = BigEndian(LoadUnaligned<uint16_t>(tag + sizeof(uint16_t)));
  const auto protocol = LoadUnaligned<uint16_t>(tag + kVlanBytes);
  RemoveBytes(skb, kAddressBytes, kVlanBytes);
  if (OffsetOf(skb, skb.network_header) < kEthernetBytes) {
    skb.network_header = skb.packet.data + kEthernetBytes;
  }
  SetProtocol(skb, protocol);
  return true;
}

}  // namespace

/// long bpf_skb_vlan_push(skb, vlan_proto, vlan_tci)
uint64_t SkbVlanPush(uint64_t context, uint64_t protocol, uint64_t tci,
                     uint64_t, uint64_t) {
  SkbContext& skb = AsSkb(context);
  const auto wanted = static_cast<uint16_t>(protocol);
  if (HasTag(skb) && !WriteTag(skb)) {
    return AsResult(Status::kNoMemory);
  }
  SetTag(skb, true, IsVlan(wanted) ? wanted : kProtocolVlan,
         static_cast<uint16_t>(tci));
  return 0;
}

/// long bpf_skb_vlan_pop(skb): the outermost tag; the next one takes its place.
uint64_t SkbVlanPop(uint64_t context, uint64_t, uint64_t, uint64_t, uint64_t) {
  SkbContext& skb = AsSkb(context);
  uint16_t tci = 0;
  if (HasTag(skb)) {
    SetTag(skb, false, 0, 0);
  } else if (!IsVlan(ProtocolOf(skb))) {
    return 0;
  } else if (!ReadTag(skb, tci)) {
    return AsResult(Status::kNoMemory);
  }
  const uint16_t next = ProtocolOf(skb);
  if (!IsVlan(next)) {
    return 0;
  }
  if (!ReadTag(skb, tci)) {
    return AsResult(Status::kNoMemory);
  }
  SetTag(skb, true, next, tci);
  return 0;
}

/// long bpf_skb_change_proto(skb, proto, flags): the headers' sizes only.
uint64_t SkbChangeProto(uint64_t context, uint64_t protocol, uint64_t flags,
                        uint64_t, uint64_t) {
  SkbContext& skb = AsSkb(context);
  const uint16_t before = ProtocolOf(skb);
  const auto after = static_cast<uint16_t>(protocol);
  constexpr uint32_t kDifference = kIp6Bytes - kIp4Bytes;
  if (flags != 0) {
    return AsResult(Status::kInvalid);
  }
  const uint32_t offset = OffsetOf(skb, skb.network_header);
  if (before == kProtocolIp4 && after == kProtocolIp6) {
    if (!InsertBytes(skb, offset, kDifference)) {
      return AsResult(Status::kNoMemory);
    }
  } else if (before == kProtocolIp6 && after == kProtocolIp4) {
    if (offset + kDifference > SizeOf(skb)) {
      return AsResult(Status::kNoMemory);
    }
    RemoveBytes(skb, offset, kDifference);
  } else {
    return AsResult(Status::kNotSupportedLinux);
  }
  // The network's header follows the Ethernet header again.
  skb.network_header = skb.packet.data + offset;
  SetProtocol(skb, after);
  SetField(skb, skb_field::kHash, uint32_t{0});
  return 0;
}

/// long bpf_skb_change_type(skb, type): among host, broadcast, multicast and
/// other host.
uint64_t SkbChangeType(uint64_t context, uint64_t type, uint64_t, uint64_t,
                       uint64_t) {
  constexpr uint32_t kOtherHost = 3;
  SkbContext& skb = AsSkb(context);
  const auto wanted = static_cast<uint32_t>(type);
  if (wanted > kOtherHost ||
      GetField<uint32_t>(skb, skb_field::kPacketType) > kOtherHost) {
    return AsResult(Status::kInvalid);
  }
  SetField(skb, skb_field::kPacketType, wanted);
  return 0;
}

/// long bpf_skb_change_head(skb, len, flags)
uint64_t SkbChangeHead(uint64_t context, uint64_t bytes, uint64_t flags,
                       uint64_t, uint64_t) {
  SkbContext& skb = AsSkb(context);
  const auto more = static_cast<uint32_t>(bytes);
  if (flags != 0 || more > kMaxPacketBytes ||
      SizeOf(skb) + more > kMaxPacketBytes) {
    return AsResult(Status::kInvalid);
  }
  if (!InsertBytes(skb, 0, more)) {
    return AsResult(Status::kNoMemory);
  }
  skb.mac_header = skb.packet.data;
  return 0;
}

/// long bpf_skb_change_tail(skb, len, flags)
uint64_t SkbChangeTail(uint64_t context, uint64_t size, uint64_t flags,
                       uint64_t, uint64_t) {
  SkbContext& skb = AsSkb(context);
  const auto wanted = static_cast<uint32_t>(size);
  if (flags != 0 || wanted > kMaxPacketBytes ||
      wanted < OffsetOf(skb, skb.network_header)) {
    return AsResult(Status::kInvalid);
  }
  if (!ResizePacket(skb, wanted)) {
    return AsResult(Status::kNoMemory);
  }
  if (GetField<uint32_t>(skb, skb_field::kGsoSize) != 0) {
    SetField(skb, skb_field::kGsoSize, uint32_t{0});
    SetField(skb, skb_field::kGsoSegments, uint32_t{0});
  }
  return 0;
}

namespace {

// BPF_F_ADJ_ROOM_* and modes of bpf_adj_room_mode.
constexpr uint64_t kEncapIp4 = 1 << 1;
constexpr uint64_t kEncapIp6 = 1 << 2;
constexpr uint64_t kDecapIp4 = 1 << 7;
constexpr uint64_t kDecapIp6 = 1 << 8;
constexpr uint64_t kKnownRoomFlags = 0x1ff | uint64_t{0xff} << 56;
constexpr uint32_t kRoomNetwork = 0;
constexpr uint32_t kRoomMac = 1;
constexpr uint64_t kMaxRoom = 0xfff;

uint32_t NetworkBytes(uint16_t protocol) {
  return protocol == kProtocolIp4   ? kIp4Bytes
         : protocol == kProtocolIp6 ? kIp6Bytes
                                    : 0;
}

/// The protocol that the packet has afterwards, where flags say it.
Status CheckRoomFlags(const SkbContext& skb, int32_t difference, uint32_t mode,
                      uint64_t flags, uint16_t& protocol) {
  const bool grows = difference >= 0;
  const uint64_t encap = flags & (kEncapIp4 | kEncapIp6);
  const uint64_t decap = flags & (kDecapIp4 | kDecapIp6);
  protocol = ProtocolOf(skb);
  if (encap == (kEncapIp4 | kEncapIp6) || decap == (kDecapIp4 | kDecapIp6) ||
      (decap != 0 && grows) || (encap != 0 && mode != kRoomMac && grows)) {
    return Status::kInvalid;
  }
  if (grows && encap != 0) {
    protocol = encap == kEncapIp4 ? kProtocolIp4 : kProtocolIp6;
  }
  if (!grows && decap != 0) {
    protocol = decap == kDecapIp4 ? kProtocolIp4 : kProtocolIp6;
  }
  return Status::kOk;
}

Status AdjustRoom(SkbContext& skb, int32_t difference, uint32_t mode,
                  uint64_t flags) {
  if ((flags & ~kKnownRoomFlags) != 0) {
    return Status::kInvalid;
  }
  const auto bytes =
      static_cast<uint32_t>(difference < 0 ? -int64_t{difference} : difference);
  if (bytes > kMaxRoom) {
    return Status::kFault;
  }
  const uint32_t base = NetworkBytes(ProtocolOf(skb));
  if (base == 0 || mode > kRoomMac) {
    return Status::kNotSupportedLinux;
  }
  uint16_t protocol = 0;
  EBPF_TRY(CheckRoomFlags(skb, difference, mode, flags, protocol));
  const uint32_t network = OffsetOf(skb, skb.network_header);
  const uint32_t least = protocol == ProtocolOf(skb) || difference >= 0
                             ? base
                             : NetworkBytes(protocol);
  const uint32_t current = SizeOf(skb) - network;
  const uint32_t offset = network + (mode == kRoomNetwork ? base : 0);
  if (difference < 0 && (bytes >= current || current - bytes < least)) {
    return Status::kNotSupportedLinux;
  }
  if (difference >= 0 && SizeOf(skb) + bytes > kMaxPacketBytes) {
    return Status::kNotSupportedLinux;
  }
  // What a device would cut into pieces, which is of no protocol here.
  if (GetField<uint32_t>(skb, skb_field::kGsoSize) != 0) {
    return Status::kNotSupportedLinux;
  }
  if (difference < 0) {
    RemoveBytes(skb, offset, bytes);
  } else if (!InsertBytes(skb, offset, bytes)) {
    return Status::kNoMemory;
  }
  skb.network_header = skb.packet.data + network;
  if (protocol != ProtocolOf(skb)) {
    SetProtocol(skb, protocol);
  }
  SetField(skb, skb_field::kHash, uint32_t{0});
  return Status::kOk;
}

}  // namespace

/// long bpf_skb_adjust_room(skb, len_diff, mode, flags)
uint64_t SkbAdjustRoom(uint64_t context, uint64_t difference, uint64_t mode,
                       uint64_t flags, uint64_t) {
  return AsResult(AdjustRoom(AsSkb(context), static_cast<int32_t>(difference),
                             static_cast<uint32_t>(mode), flags));
}

}  // namespace ebpf::helpers
