// SPDX-License-Identifier: MIT
//
// core/program_types/packet.h's implementation.
#include "core/program_types/packet.h"

namespace ebpf {
namespace {

/// Headers in front of `place` move with the bytes there.
void MoveHeaders(SkbContext& skb, const uint8_t* place, ptrdiff_t by) {
  if (skb.mac_header < place) {
    skb.mac_header += by;
  }
  if (skb.network_header < place) {
    skb.network_header += by;
  }
}

}  // namespace

void PlacePacket(SkbContext& skb, uint8_t* data, uint8_t* end) {
  skb.packet = {data, end, data};
  SetField(skb, skb_field::kLen, PacketSize(skb.packet));
}

bool InsertBytes(SkbContext& skb, uint32_t offset, uint32_t bytes) {
  uint8_t* const data = skb.packet.data;
  if (static_cast<size_t>(data - skb.room.head) < bytes) {
    return false;
  }
  uint8_t* const moved = data - bytes;
  const uint32_t kept = Min(offset, PacketSize(skb.packet));
  if (kept != 0) {
    memmove(moved, data, kept);
  }
  FillBytes(moved + kept, 0, bytes);
  MoveHeaders(skb, data + offset, -static_cast<ptrdiff_t>(bytes));
  PlacePacket(skb, moved, skb.packet.end);
  return true;
}

void RemoveBytes(SkbContext& skb, uint32_t offset, uint32_t bytes) {
  uint8_t* const data = skb.packet.data;
  if (offset != 0) {
    memmove(data + bytes, data, offset);
  }
  MoveHeaders(skb, data + offset, static_cast<ptrdiff_t>(bytes));
  PlacePacket(skb, data + bytes, skb.packet.end);
}

bool ResizePacket(SkbContext& skb, uint32_t size) {
  uint8_t* const data = skb.packet.data;
  if (static_cast<size_t>(skb.room.limit - data) < size) {
    return false;
  }
  const uint32_t before = PacketSize(skb.packet);
  if (size > before) {
    FillBytes(data + before, 0, size - before);
  }
  PlacePacket(skb, data, data + size);
  return true;
}

}  // namespace ebpf
