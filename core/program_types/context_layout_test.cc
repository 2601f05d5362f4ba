// SPDX-License-Identifier: MIT
#include "core/program_types/context_layout.h"

#include <gtest/gtest.h>

namespace ebpf {
namespace {

/// Whether [offset, offset + size) lies in one piece.
const ContextPlace* PlaceOf(Span<const ContextPlace> places, uint32_t offset,
                            uint32_t size) {
  for (const ContextPlace& one : places) {
    if (offset >= one.offset &&
        offset + size <= uint32_t{one.offset} + one.size) {
      return &one;
    }
  }
  return nullptr;
}

bool IsFourBytePointer(const ContextAnswer& answer) {
  return answer.value == ContextValue::kPacket ||
         answer.value == ContextValue::kPacketEnd ||
         answer.value == ContextValue::kPacketMeta;
}

TEST(ContextLayoutTest, WhateverMayBeAccessedHasAPlace) {
  unsigned pointers = 0;
  for (uint32_t type = 1; type <= 32; ++type) {
    const ProgramType* rules = FindProgramType(type);
    ASSERT_NE(rules, nullptr);
    const Span<const ContextPlace> places = ContextPlaces(rules->id);
    if (places.empty()) {
      continue;
    }
    for (uint32_t offset = 0; offset < 256; ++offset) {
      for (const uint32_t size : {1u, 2u, 4u, 8u}) {
        for (const bool write : {false, true}) {
          const ContextAnswer answer =
              rules->access(ContextQuery{offset, size, write});
          if (answer.value == ContextValue::kRefused) {
            continue;
          }
          const ContextPlace* place = PlaceOf(places, offset, size);
          ASSERT_NE(place, nullptr) << type << ": " << offset << " " << size;
          EXPECT_EQ(place->is_pointer, IsFourBytePointer(answer))
              << type << ": " << offset << " " << size;
          pointers += place->is_pointer ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GE(pointers, 8u);
}

TEST(ContextLayoutTest, PiecesDoNotOverlap) {
  for (const ProgramTypeId type :
       {ProgramTypeId::kXdp, ProgramTypeId::kSchedCls}) {
    uint32_t next = 0;
    for (const ContextPlace& one : ContextPlaces(type)) {
      EXPECT_EQ(one.offset, next);
      next = one.offset + one.size;
      const uint32_t end = one.place + (one.is_pointer ? 8u : one.size);
      EXPECT_LE(end, type == ProgramTypeId::kXdp ? sizeof(XdpContext)
                                                 : sizeof(SkbContext));
    }
    EXPECT_EQ(next, type == ProgramTypeId::kXdp ? XdpContext::kFieldBytes
                                                : SkbContext::kFieldBytes);
  }
}

TEST(ContextLayoutTest, RegistersOfCpusAreWhatTheyAre) {
  EXPECT_TRUE(ContextPlaces(ProgramTypeId::kKprobe).empty());
  EXPECT_TRUE(ContextPlaces(ProgramTypeId::kPerfEvent).empty());
}

}  // namespace
}  // namespace ebpf
