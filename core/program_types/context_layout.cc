// SPDX-License-Identifier: MIT
//
// Numbers lie in their struct as programs see it, one after the other, so a
// part of one (a narrow load) and two at once (cb[0] and cb[1]) need no other
// instruction than the whole.
#include "core/program_types/context_layout.h"

#include <stddef.h>

namespace ebpf {
namespace {

constexpr uint16_t kData = offsetof(PacketPointers, data);
constexpr uint16_t kEnd = offsetof(PacketPointers, end);
constexpr uint16_t kMeta = offsetof(PacketPointers, meta);

/// Numbers in [begin, end) of the struct `fields`.
constexpr ContextPlace Numbers(uint16_t begin, uint16_t end, size_t fields) {
  return {begin, static_cast<uint16_t>(end - begin),
          static_cast<uint16_t>(fields + begin), false};
}
constexpr ContextPlace Pointer(uint16_t offset, uint16_t place) {
  return {offset, 4, place, true};
}

constexpr size_t kXdpFields = offsetof(XdpContext, fields);
constexpr ContextPlace kXdpPlaces[] = {
    Pointer(0, kData),
    Pointer(4, kEnd),
    Pointer(8, kMeta),
    Numbers(12, XdpContext::kFieldBytes, kXdpFields),
};

constexpr size_t kSkbFields = offsetof(SkbContext, fields);
constexpr ContextPlace kSkbPlaces[] = {
    Numbers(0, 76, kSkbFields),
    Pointer(76, kData),
    Pointer(80, kEnd),
    Numbers(84, 140, kSkbFields),
    Pointer(140, kMeta),
    Numbers(144, SkbContext::kFieldBytes, kSkbFields),
};

static_assert(offsetof(XdpContext, packet) == 0);
static_assert(offsetof(SkbContext, packet) == 0);

}  // namespace

Span<const ContextPlace> ContextPlaces(ProgramTypeId type) {
  switch (type) {
    case ProgramTypeId::kXdp:
      return Span<const ContextPlace>(kXdpPlaces);
    case ProgramTypeId::kSocketFilter:
    case ProgramTypeId::kSchedCls:
    case ProgramTypeId::kSchedAct:
    case ProgramTypeId::kCgroupSkb:
    case ProgramTypeId::kLwtIn:
    case ProgramTypeId::kLwtOut:
    case ProgramTypeId::kLwtXmit:
    case ProgramTypeId::kLwtSeg6local:
    case ProgramTypeId::kSkSkb:
    case ProgramTypeId::kFlowDissector:
      return Span<const ContextPlace>(kSkbPlaces);
    default:
      return {};
  }
}

}  // namespace ebpf
