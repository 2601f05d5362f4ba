// SPDX-License-Identifier: MIT
//
// Helpers that read and write the bytes of a packet, and what a packet says of
// itself. The whole packet is one piece of memory here.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/packet_load.h"
#include "core/helpers/result.h"
#include "core/program_types/packet.h"

namespace ebpf::helpers {
namespace {

SkbContext& AsSkb(uint64_t context) {
  return *reinterpret_cast<SkbContext*>(context);
}

/// BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH. No packet here has a checksum
/// of its whole.
constexpr uint64_t kRecomputeChecksum = 1 << 0;
constexpr uint64_t kInvalidateHash = 1 << 1;

/// BPF_HDR_START_MAC, BPF_HDR_START_NET.
constexpr uint64_t kFromMac = 0;
constexpr uint64_t kFromNetwork = 1;
/// Linux looks no further behind a header.
constexpr uint32_t kMaxRelativeOffset = 0xffff;

/// [offset, offset + size) of what is between `from` and the packet's end, or
/// null. Helpers' offsets and sizes are of 32 bits.
uint8_t* Find(const SkbContext& skb, uint8_t* from, uint64_t offset,
              uint64_t size) {
  const Bytes bytes(from, static_cast<size_t>(skb.packet.end - from));
  const auto at = static_cast<uint32_t>(offset);
  const auto count = static_cast<uint32_t>(size);
  return bytes.Contains(at, count) ? from + at : nullptr;
}

uint64_t CopyOut(const uint8_t* from, uint64_t to, uint64_t size) {
  void* const out = reinterpret_cast<void*>(to);
  if (from == nullptr) {
    FillBytes(out, 0, static_cast<uint32_t>(size));
    return AsResult(Status::kFault);
  }
  CopyBytes(out, from, static_cast<uint32_t>(size));
  return 0;
}

/// SKF_NET_OFF and SKF_LL_OFF: offsets below zero count from headers, and may
/// go in front of the packet.
constexpr int64_t kNetworkOffset = -0x100000;
constexpr int64_t kMacOffset = -0x200000;

const uint8_t* FindForLoad(const SkbContext& skb, uint64_t offset,
                           uint32_t size) {
  const int64_t at = static_cast<int32_t>(offset);
  const uint8_t* base = skb.packet.data;
  int64_t inside = at;
  if (at < 0) {
    const bool is_network = at >= kNetworkOffset;
    base = is_network ? skb.network_header : skb.mac_header;
    inside = at - (is_network ? kNetworkOffset : kMacOffset);
  }
  const int64_t left = skb.packet.end - base;
  return inside < 0 || inside + size > left ? nullptr : base + inside;
}

uint64_t LoadPacket(uint64_t context, uint64_t offset, uint32_t size) {
  const uint8_t* from = FindForLoad(AsSkb(context), offset, size);
  if (from == nullptr) {
    return AsResult(Status::kFault);
  }
  uint64_t value = 0;
  for (uint32_t i = 0; i < size; ++i) {
    value = value << 8 | from[i];
  }
  return value;
}

}  // namespace

uint64_t LoadPacket8(uint64_t context, uint64_t offset, uint64_t, uint64_t,
                     uint64_t) {
  return LoadPacket(context, offset, 1);
}

uint64_t LoadPacket16(uint64_t context, uint64_t offset, uint64_t, uint64_t,
                      uint64_t) {
  return LoadPacket(context, offset, 2);
}

uint64_t LoadPacket32(uint64_t context, uint64_t offset, uint64_t, uint64_t,
                      uint64_t) {
  return LoadPacket(context, offset, 4);
}

/// long bpf_skb_load_bytes(skb, offset, to, len)
uint64_t SkbLoadBytes(uint64_t context, uint64_t offset, uint64_t to,
                      uint64_t size, uint64_t) {
  const SkbContext& skb = AsSkb(context);
  return CopyOut(Find(skb, skb.packet.data, offset, size), to, size);
}

/// long bpf_skb_load_bytes_relative(skb, offset, to, len, start_header)
uint64_t SkbLoadBytesRelative(uint64_t context, uint64_t offset, uint64_t to,
                              uint64_t size, uint64_t start) {
  const SkbContext& skb = AsSkb(context);
  const bool is_known = start == kFromMac || start == kFromNetwork;
  uint8_t* const from = start == kFromMac ? skb.mac_header : skb.network_header;
  const bool is_near = static_cast<uint32_t>(offset) <= kMaxRelativeOffset;
  return CopyOut(is_known && is_near ? Find(skb, from, offset, size) : nullptr,
                 to, size);
}

/// long bpf_skb_store_bytes(skb, offset, from, len, flags)
uint64_t SkbStoreBytes(uint64_t context, uint64_t offset, uint64_t from,
                       uint64_t size, uint64_t flags) {
  if ((flags & ~(kRecomputeChecksum | kInvalidateHash)) != 0) {
    return AsResult(Status::kInvalid);
  }
  SkbContext& skb = AsSkb(context);
  uint8_t* const to = Find(skb, skb.packet.data, offset, size);
  if (to == nullptr) {
    return AsResult(Status::kFault);
  }
  // A packet may be copied into itself.
  memmove(to, reinterpret_cast<const void*>(from), static_cast<uint32_t>(size));
  if ((flags & kInvalidateHash) != 0) {
    SetField(skb, skb_field::kHash, uint32_t{0});
  }
  return 0;
}

/// long bpf_skb_pull_data(skb, len): all of it is there already.
uint64_t SkbPullData(uint64_t context, uint64_t size, uint64_t, uint64_t,
                     uint64_t) {
  const bool has =
      static_cast<uint32_t>(size) <= PacketSize(AsSkb(context).packet);
  return AsResult(has ? Status::kOk : Status::kNoMemory);
}

/// long bpf_set_hash(skb, hash)
uint64_t SetHash(uint64_t context, uint64_t hash, uint64_t, uint64_t,
                 uint64_t) {
  SetField(AsSkb(context), skb_field::kHash, static_cast<uint32_t>(hash));
  return 0;
}

/// void bpf_set_hash_invalid(skb)
uint64_t SetHashInvalid(uint64_t context, uint64_t, uint64_t, uint64_t,
                        uint64_t) {
  SetField(AsSkb(context), skb_field::kHash, uint32_t{0});
  return 0;
}

}  // namespace ebpf::helpers
