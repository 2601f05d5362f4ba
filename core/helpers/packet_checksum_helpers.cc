// SPDX-License-Identifier: MIT
//
// Helpers that mend a checksum inside a packet after a change of what it is
// over. [RFC 1624]
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/program_types/packet.h"

namespace ebpf::helpers {
namespace {

SkbContext& AsSkb(uint64_t context) {
  return *reinterpret_cast<SkbContext*>(context);
}

/// BPF_F_HDR_FIELD_MASK: the size of what changed; 0: a difference is given.
constexpr uint64_t kSizeMask = 0xf;
constexpr uint64_t kPseudoHeader = 1 << 4;  // BPF_F_PSEUDO_HDR
constexpr uint64_t kMangledZero = 1 << 5;   // BPF_F_MARK_MANGLED_0
constexpr uint64_t kMarkEnforced = 1 << 6;  // BPF_F_MARK_ENFORCE
constexpr uint64_t kPseudoIp6 = 1 << 7;     // BPF_F_IPV6, since 6.16
constexpr uint32_t kMaxOffset = 0xffff;

/// One's complement sum of two.
uint32_t Add(uint32_t a, uint32_t b) {
  const uint32_t sum = a + b;
  return sum + (sum < a ? 1 : 0);
}

uint16_t Fold(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint8_t* FindChecksum(SkbContext& skb, uint64_t offset) {
  const Bytes bytes(skb.packet.data, PacketSize(skb.packet));
  const auto at = static_cast<uint32_t>(offset);
  return at > kMaxOffset || at % 2 != 0 || !bytes.Contains(at, sizeof(uint16_t))
             ? nullptr
             : bytes.data() + at;
}

/// `checksum` where `to` stands for `from`; false: no such size.
bool Replace(uint16_t& checksum, uint64_t from, uint64_t to, uint64_t size) {
  const uint32_t sum = static_cast<uint16_t>(~checksum);
  switch (size) {
    case 0:
      if (from != 0) {
        return false;
      }
      checksum = Fold(Add(sum, static_cast<uint32_t>(to)));
      return true;
    case 2:
      checksum = Fold(Add(Add(sum, static_cast<uint16_t>(~from)),
                          static_cast<uint16_t>(to)));
      return true;
    case 4:
      checksum = Fold(Add(Add(sum, static_cast<uint32_t>(~from)),
                          static_cast<uint32_t>(to)));
      return true;
    default:
      return false;
  }
}

}  // namespace

/// long bpf_l3_csum_replace(skb, offset, from, to, size)
uint64_t L3CsumReplace(uint64_t context, uint64_t offset, uint64_t from,
                       uint64_t to, uint64_t flags) {
  if ((flags & ~kSizeMask) != 0) {
    return AsResult(Status::kInvalid);
  }
  uint8_t* const place = FindChecksum(AsSkb(context), offset);
  if (place == nullptr) {
    return AsResult(Status::kFault);
  }
  auto checksum = LoadUnaligned<uint16_t>(place);
  if (!Replace(checksum, from, to, flags)) {
    return AsResult(Status::kInvalid);
  }
  StoreUnaligned(place, checksum);
  return 0;
}

/// long bpf_l4_csum_replace(skb, offset, from, to, flags): no packet here has
/// its checksum made by a device, so the pseudo header is nothing special.
uint64_t L4CsumReplace(uint64_t context, uint64_t offset, uint64_t from,
                       uint64_t to, uint64_t flags) {
  if ((flags & ~(kSizeMask | kPseudoHeader | kMangledZero | kMarkEnforced |
                 kPseudoIp6)) != 0) {
    return AsResult(Status::kInvalid);
  }
  uint8_t* const place = FindChecksum(AsSkb(context), offset);
  if (place == nullptr) {
    return AsResult(Status::kFault);
  }
  auto checksum = LoadUnaligned<uint16_t>(place);
  const bool zero_is_none = (flags & kMangledZero) != 0;
  if (zero_is_none && (flags & kMarkEnforced) == 0 && checksum == 0) {
    return 0;
  }
  if (!Replace(checksum, from, to, flags & kSizeMask)) {
    return AsResult(Status::kInvalid);
  }
  StoreUnaligned(place,
                 zero_is_none && checksum == 0 ? uint16_t{0xffff} : checksum);
  return 0;
}

/// s64 bpf_csum_update(skb, csum): of packets that have a checksum of all.
uint64_t CsumUpdate(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return AsResult(Status::kNotSupportedLinux);
}

/// long bpf_csum_level(skb, level)
uint64_t CsumLevel(uint64_t, uint64_t level, uint64_t, uint64_t, uint64_t) {
  constexpr uint64_t kQuery = 0;
  constexpr uint64_t kLast = 3;
  return AsResult(level == kQuery  ? Status::kAccess
                  : level <= kLast ? Status::kOk
                                   : Status::kInvalid);
}

}  // namespace ebpf::helpers
