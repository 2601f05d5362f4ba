// SPDX-License-Identifier: MIT
//
// Numbers lie in their struct as programs see it, one after the other, so a
// part of one (a narrow load) and two at once (cb[0] and cb[1]) need no other
// instruction than the whole.
#include "core/program_types/context_layout.h"

#include <stddef.h>

#include "core/base/bits.h"
#include "core/program_types/type_sets.h"

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

/// Of struct __sk_buff: its fields of four bytes that are less in Linux.
struct SmallField {
  uint16_t offset;
  uint16_t bytes;
};
constexpr SmallField kSmallSkbFields[] = {
    {4, 1},    // pkt_type
    {12, 2},   // queue_mapping
    {16, 2},   // protocol
    {20, 1},   // vlan_present
    {24, 2},   // vlan_tci
    {28, 2},   // vlan_proto
    {44, 2},   // tc_index
    {72, 2},   // tc_classid
    {88, 2},   // family
    {132, 2},  // remote_port
    {136, 2},  // local_port
    {164, 2},  // gso_segs
    {176, 2},  // gso_size
};

}  // namespace

Span<const ContextPlace> ContextPlaces(ProgramTypeId type) {
  if (Contains(type_words::SkBuffFields, type)) {
    return Span<const ContextPlace>(kSkbPlaces);
  }
  return type == ProgramTypeId::kXdp ? Span<const ContextPlace>(kXdpPlaces)
                                     : Span<const ContextPlace>();
}

uint32_t KeptBytes(ProgramTypeId type, uint32_t offset) {
  const Span<const ContextPlace> places = ContextPlaces(type);
  if (places.data() != kSkbPlaces) {
    return 0;
  }
  for (const SmallField& field : kSmallSkbFields) {
    if (field.offset == AlignDown(offset, uint32_t{4})) {
      return field.bytes;
    }
  }
  return 0;
}

}  // namespace ebpf
