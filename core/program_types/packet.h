// SPDX-License-Identifier: MIT
//
// What contexts of packets hold while a program runs, for helpers and for who
// runs it: fields by Linux's offsets, and packets that grow and shrink.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/program_types/context_layout.h"

namespace ebpf {

/// Where fields of struct __sk_buff lie in SkbContext::fields. [linux/bpf.h]
namespace skb_field {
inline constexpr uint32_t kLen = 0;
inline constexpr uint32_t kPacketType = 4;
inline constexpr uint32_t kMark = 8;
inline constexpr uint32_t kProtocol = 16;
inline constexpr uint32_t kVlanPresent = 20;
inline constexpr uint32_t kVlanTci = 24;
inline constexpr uint32_t kVlanProtocol = 28;
inline constexpr uint32_t kPriority = 32;
inline constexpr uint32_t kIngressInterface = 36;
inline constexpr uint32_t kInterface = 40;
inline constexpr uint32_t kControl = 48;  // cb[5]
inline constexpr uint32_t kHash = 68;
inline constexpr uint32_t kFamily = 88;
inline constexpr uint32_t kRemoteIp4 = 92;
inline constexpr uint32_t kLocalIp4 = 96;
inline constexpr uint32_t kRemoteIp6 = 100;
inline constexpr uint32_t kLocalIp6 = 116;
inline constexpr uint32_t kFlowKeys = 144;
inline constexpr uint32_t kTimestamp = 152;
inline constexpr uint32_t kWireLength = 160;
inline constexpr uint32_t kGsoSegments = 164;
inline constexpr uint32_t kSocket = 168;
inline constexpr uint32_t kGsoSize = 176;
inline constexpr uint32_t kHardwareTimestamp = 184;
}  // namespace skb_field

/// The same of struct xdp_md.
namespace xdp_field {
inline constexpr uint32_t kIngressInterface = 12;
inline constexpr uint32_t kReceiveQueue = 16;
}  // namespace xdp_field

/// Bytes of an Ethernet header, and the protocols in it that matter here, in
/// the network's byte order. [IEEE 802.3]
inline constexpr uint32_t kEthernetBytes = 14;
inline constexpr uint16_t kProtocolIp4 = BigEndian(uint16_t{0x0800});
inline constexpr uint16_t kProtocolIp6 = BigEndian(uint16_t{0x86dd});
inline constexpr uint16_t kProtocolVlan = BigEndian(uint16_t{0x8100});
inline constexpr uint16_t kProtocolProviderVlan = BigEndian(uint16_t{0x88a8});
inline constexpr uint32_t kIp4Bytes = 20;
inline constexpr uint32_t kIp6Bytes = 40;
/// AF_INET and AF_INET6, as programs see them.
inline constexpr uint32_t kFamilyIp4 = 2;
inline constexpr uint32_t kFamilyIp6 = 10;

/// XDP: a program may put the packet so near to the room's head, not nearer
/// (Linux keeps a struct there), and at most so much in front of it.
inline constexpr uint32_t kXdpReservedBytes = 40;
inline constexpr uint32_t kMaxMetaBytes = 255;
/// How long a fragment is, but for the last one, which may grow to be so.
inline constexpr uint32_t kXdpFragmentBytes = 4096;

/// struct bpf_sock, as programs see the socket of a packet.
struct SocketView {
  uint32_t bound_interface;
  uint32_t family;
  uint32_t type;
  uint32_t protocol;
  uint32_t mark;
  uint32_t priority;
  uint32_t source_ip4;
  uint32_t source_ip6[4];
  uint32_t source_port;
  uint16_t destination_port;
  uint16_t padding;
  uint32_t destination_ip4;
  uint32_t destination_ip6[4];
  uint32_t state;
  int32_t receive_queue;
};
static_assert(offsetof(SocketView, destination_port) == 48);
static_assert(sizeof(SocketView) == 80);

template <TriviallyCopyable T, typename Context>
T GetField(const Context& context, uint32_t offset) {
  return LoadUnaligned<T>(context.fields + offset);
}
template <TriviallyCopyable T, typename Context>
void SetField(Context& context, uint32_t offset, T value) {
  StoreUnaligned(context.fields + offset, value);
}

inline uint32_t PacketSize(const PacketPointers& packet) {
  return static_cast<uint32_t>(packet.end - packet.data);
}

inline uint16_t ProtocolOf(const SkbContext& skb) {
  return static_cast<uint16_t>(GetField<uint32_t>(skb, skb_field::kProtocol));
}

/// Puts the packet at [data, end); `len` says so, nothing is in front of it.
void PlacePacket(SkbContext& skb, uint8_t* data, uint8_t* end);

/// Makes room for `bytes` at `offset` of the packet, zeros, by moving what is
/// in front of them; headers that were there move along. A packet that ends
/// before `offset` gets them at its end. False: no room.
bool InsertBytes(SkbContext& skb, uint32_t offset, uint32_t bytes);

/// Takes bytes out. Precondition: offset + bytes <= the packet's size.
void RemoveBytes(SkbContext& skb, uint32_t offset, uint32_t bytes);

/// Cuts the packet, or fills it up with zeros. False: no room.
bool ResizePacket(SkbContext& skb, uint32_t size);

}  // namespace ebpf
