// SPDX-License-Identifier: MIT
//
// Helpers on packets as the driver has them.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/program_types/packet.h"

namespace ebpf::helpers {
namespace {

XdpContext& AsXdp(uint64_t context) {
  return *reinterpret_cast<XdpContext*>(context);
}

int64_t Signed(uint64_t delta) { return static_cast<int32_t>(delta); }

bool HasFragments(const XdpContext& xdp) {
  return xdp.frags_end != xdp.packet.end;
}

/// Of all of the packet, whose fragments lie behind it; or null.
uint8_t* Find(const XdpContext& xdp, uint64_t offset, uint64_t size) {
  const Bytes bytes(xdp.packet.data,
                    static_cast<size_t>(xdp.frags_end - xdp.packet.data));
  const auto at = static_cast<uint32_t>(offset);
  return bytes.Contains(at, static_cast<uint32_t>(size)) ? bytes.data() + at
                                                         : nullptr;
}

/// Offsets and sizes beyond 16 bits are no places of packets.
constexpr uint32_t kMaxBytes = 0xffff;

Status CheckPlace(const XdpContext& xdp, uint64_t offset, uint64_t size) {
  if (static_cast<uint32_t>(offset) > kMaxBytes ||
      static_cast<uint32_t>(size) > kMaxBytes) {
    return Status::kFault;
  }
  return Find(xdp, offset, size) == nullptr ? Status::kInvalid : Status::kOk;
}

}  // namespace

/// u64 bpf_xdp_get_buff_len(xdp)
uint64_t XdpGetBuffLen(uint64_t context, uint64_t, uint64_t, uint64_t,
                       uint64_t) {
  const XdpContext& xdp = AsXdp(context);
  return static_cast<uint64_t>(xdp.frags_end - xdp.packet.data);
}

/// long bpf_xdp_adjust_head(xdp, delta): moves what is in front, too.
uint64_t XdpAdjustHead(uint64_t context, uint64_t delta, uint64_t, uint64_t,
                       uint64_t) {
  XdpContext& xdp = AsXdp(context);
  PacketPointers& packet = xdp.packet;
  const int64_t by = Signed(delta);
  const int64_t meta_bytes = packet.data - packet.meta;
  const int64_t least = xdp.room.head + kXdpReservedBytes - packet.data;
  const int64_t most = packet.end - packet.data;
  if (by < least + meta_bytes || by > most - int64_t{kEthernetBytes}) {
    return AsResult(Status::kInvalid);
  }
  if (meta_bytes != 0) {
    memmove(packet.meta + by, packet.meta, static_cast<size_t>(meta_bytes));
  }
  packet.meta += by;
  packet.data += by;
  return 0;
}

namespace {

/// The last fragment grows to its page's end; what shrinks goes on in the first
/// piece when fragments are used up.
Status AdjustFragments(XdpContext& xdp, int64_t by) {
  PacketPointers& packet = xdp.packet;
  const int64_t size = xdp.frags_end - packet.data;
  const int64_t frags = xdp.frags_end - packet.end;
  const int64_t last = (frags - 1) % int64_t{kXdpFragmentBytes} + 1;
  if (by > int64_t{kXdpFragmentBytes} - last ||
      size + by < int64_t{kEthernetBytes}) {
    return Status::kInvalid;
  }
  if (by > 0) {
    FillBytes(xdp.frags_end, 0, static_cast<size_t>(by));
  }
  xdp.frags_end += by;
  packet.end = Min(packet.end, xdp.frags_end);
  return Status::kOk;
}

}  // namespace

/// long bpf_xdp_adjust_tail(xdp, delta)
uint64_t XdpAdjustTail(uint64_t context, uint64_t delta, uint64_t, uint64_t,
                       uint64_t) {
  XdpContext& xdp = AsXdp(context);
  PacketPointers& packet = xdp.packet;
  const int64_t by = Signed(delta);
  const int64_t size = packet.end - packet.data;
  if (HasFragments(xdp)) {
    return AsResult(AdjustFragments(xdp, by));
  }
  if (by > xdp.room.limit - packet.end || size + by < int64_t{kEthernetBytes}) {
    return AsResult(Status::kInvalid);
  }
  if (by > 0) {
    FillBytes(packet.end, 0, static_cast<size_t>(by));
  }
  packet.end += by;
  xdp.frags_end = packet.end;
  return 0;
}

/// long bpf_xdp_adjust_meta(xdp, delta)
uint64_t XdpAdjustMeta(uint64_t context, uint64_t delta, uint64_t, uint64_t,
                       uint64_t) {
  XdpContext& xdp = AsXdp(context);
  PacketPointers& packet = xdp.packet;
  const int64_t by = Signed(delta);
  const int64_t bytes = packet.data - packet.meta - by;
  if (packet.meta + by < xdp.room.head + kXdpReservedBytes || bytes < 0) {
    return AsResult(Status::kInvalid);
  }
  if (bytes % 4 != 0 || bytes > int64_t{kMaxMetaBytes}) {
    return AsResult(Status::kAccess);
  }
  packet.meta += by;
  return 0;
}

/// long bpf_xdp_load_bytes(xdp, offset, to, len)
uint64_t XdpLoadBytes(uint64_t context, uint64_t offset, uint64_t to,
                      uint64_t size, uint64_t) {
  const XdpContext& xdp = AsXdp(context);
  const Status status = CheckPlace(xdp, offset, size);
  if (IsOk(status)) {
    CopyBytes(reinterpret_cast<void*>(to), Find(xdp, offset, size),
              static_cast<uint32_t>(size));
  }
  return AsResult(status);
}

/// long bpf_xdp_store_bytes(xdp, offset, from, len)
uint64_t XdpStoreBytes(uint64_t context, uint64_t offset, uint64_t from,
                       uint64_t size, uint64_t) {
  const XdpContext& xdp = AsXdp(context);
  const Status status = CheckPlace(xdp, offset, size);
  if (IsOk(status)) {
    memmove(Find(xdp, offset, size), reinterpret_cast<const void*>(from),
            static_cast<uint32_t>(size));
  }
  return AsResult(status);
}

}  // namespace ebpf::helpers
