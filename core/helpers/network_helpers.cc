// SPDX-License-Identifier: MIT
//
// Helpers that ask for devices and sockets, on a kernel that shows eBPF none:
// what Linux returns where there is no such device and no such socket. The
// socket that a context may have is what its program was run with.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/program/program.h"
#include "core/program/run_context.h"
#include "core/program_types/packet.h"

namespace ebpf::helpers {
namespace {

// What programs of the types return in order to say so: TC_ACT_SHOT,
// TC_ACT_REDIRECT; XDP_ABORTED, XDP_REDIRECT.
constexpr uint64_t kPacketShot = 2;
constexpr uint64_t kPacketRedirect = 7;
constexpr uint64_t kXdpAborted = 0;
constexpr uint64_t kXdpRedirect = 4;
constexpr uint64_t kIngress = 1;  // BPF_F_INGRESS

bool IsXdp() {
  const RunContext* run = CurrentRun();
  return run != nullptr && run->program != nullptr &&
         run->program->type().id == ProgramTypeId::kXdp;
}

}  // namespace

/// long bpf_redirect(ifindex, flags): what to return. Who runs the program
/// sends packets, or does not.
uint64_t Redirect(uint64_t, uint64_t flags, uint64_t, uint64_t, uint64_t) {
  if (IsXdp()) {
    return flags != 0 ? kXdpAborted : kXdpRedirect;
  }
  return (flags & ~kIngress) != 0 ? kPacketShot : kPacketRedirect;
}

/// long bpf_redirect_neigh(ifindex, params, plen, flags)
uint64_t RedirectNeigh(uint64_t, uint64_t, uint64_t size, uint64_t flags,
                       uint64_t) {
  constexpr uint32_t kParamsSize = 20;  // struct bpf_redir_neigh
  const auto bytes = static_cast<uint32_t>(size);
  return flags != 0 || (bytes != 0 && bytes < kParamsSize) ? kPacketShot
                                                           : kPacketRedirect;
}

/// long bpf_redirect_peer(ifindex, flags)
uint64_t RedirectPeer(uint64_t, uint64_t flags, uint64_t, uint64_t, uint64_t) {
  return flags != 0 ? kPacketShot : kPacketRedirect;
}

/// long bpf_clone_redirect(skb, ifindex, flags): there is no such device.
uint64_t CloneRedirect(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return AsResult(Status::kInvalid);
}

/// long bpf_fib_lookup(ctx, params, plen, flags): there is no such device.
uint64_t FibLookup(uint64_t, uint64_t params, uint64_t size, uint64_t flags,
                   uint64_t) {
  constexpr uint32_t kParamsSize = 64;  // struct bpf_fib_lookup
  constexpr uint64_t kKnownFlags = 0x3f;
  if (static_cast<uint32_t>(size) < kParamsSize ||
      (flags & ~kKnownFlags) != 0) {
    return AsResult(Status::kInvalid);
  }
  const uint8_t family = *reinterpret_cast<const uint8_t*>(params);
  constexpr uint64_t kNoFamily = 97;  // EAFNOSUPPORT
  return family == kFamilyIp4 || family == kFamilyIp6
             ? AsResult(Status::kNoDevice)
             : uint64_t{0} - kNoFamily;
}

/// long bpf_check_mtu(ctx, ifindex, mtu_len, len_diff, flags): there is no such
/// device.
uint64_t CheckMtu(uint64_t, uint64_t, uint64_t length, uint64_t difference,
                  uint64_t flags) {
  constexpr uint64_t kSegments = 1;  // BPF_MTU_CHK_SEGS
  const bool has_length = *reinterpret_cast<const uint32_t*>(length) != 0 ||
                          static_cast<uint32_t>(difference) != 0;
  if ((flags & ~kSegments) != 0 || (flags != 0 && (has_length || IsXdp()))) {
    return AsResult(Status::kInvalid);
  }
  return AsResult(Status::kNoDevice);
}

/// What helpers answer that look for a socket, or ask one or a packet what it
/// belongs to: there are no sockets but the one that a context may have, and
/// that is of no protocol; no packet comes from a cgroup or through a route;
/// and nobody was given a socket to release.
uint64_t Nothing(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) { return 0; }

/// u32 bpf_get_socket_uid(skb): whose socket it is: that of a test run is the
/// kernel's own.
uint64_t GetSocketUid(uint64_t context, uint64_t, uint64_t, uint64_t,
                      uint64_t) {
  constexpr uint64_t kNobody = 65534;  // as in Linux, where there is no socket
  const SkbContext& skb = *reinterpret_cast<const SkbContext*>(context);
  return GetField<uint64_t>(skb, skb_field::kSocket) != 0 ? 0 : kNobody;
}

/// struct bpf_sock* bpf_sk_fullsock(sk): it is one.
uint64_t SkFullsock(uint64_t socket, uint64_t, uint64_t, uint64_t, uint64_t) {
  return socket;
}

/// u32 bpf_get_hash_recalc(skb)
uint64_t GetHashRecalc(uint64_t context, uint64_t, uint64_t, uint64_t,
                       uint64_t) {
  SkbContext& skb = *reinterpret_cast<SkbContext*>(context);
  auto hash = GetField<uint32_t>(skb, skb_field::kHash);
  if (hash != 0) {
    return hash;
  }
  // FNV-1a over what names a flow: protocol, addresses and ports. Linux's is
  // another function with a random key; programs can only tell it from 0.
  const uint16_t protocol = ProtocolOf(skb);
  const uint8_t* from = skb.network_header;
  const uint8_t* end = skb.packet.end;
  const uint32_t size = protocol == kProtocolIp4   ? kIp4Bytes + 4
                        : protocol == kProtocolIp6 ? kIp6Bytes + 4
                                                   : 0;
  hash = 0x811c9dc5 ^ protocol;
  for (uint32_t i = protocol == kProtocolIp4 ? 9u : 6u; i < size; ++i) {
    const bool is_changing = i == 7 || i == 10 || i == 11;
    if (from + i < end && !is_changing) {
      hash = (hash ^ from[i]) * 0x01000193;
    }
  }
  hash = hash == 0 ? 1 : hash;
  SetField(skb, skb_field::kHash, hash);
  return hash;
}

}  // namespace ebpf::helpers
