// SPDX-License-Identifier: MIT
//
// Rings whose records say what should be in them, for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

#include "core/memory/allocator.h"
#include "core/tracepoints/trace_ring.h"
#include "gtest/gtest.h"

namespace ebpf {

struct DestroyRing {
  void operator()(TraceRing* ring) const { ring->Destroy(); }
};
using OwnedRing = std::unique_ptr<TraceRing, DestroyRing>;

inline OwnedRing MakeRing(size_t pages) {
  const Result<TraceRing*> ring = TraceRing::Create(pages, PortAllocator());
  return OwnedRing(ring.ok() ? *ring : nullptr);
}

/// Fills a record: who wrote it, its number, and bytes that follow from both,
/// of which large records have none.
inline constexpr uint32_t kMaxFilledSize = 200;

inline void FillNumbers(TraceRecord* record, uint32_t writer, uint32_t number) {
  memcpy(record->payload(), &writer, sizeof(writer));
  memcpy(record->payload() + 4, &number, sizeof(number));
}

inline uint32_t FilledSize(const TraceRecord* record) {
  return record->payload_size <= kMaxFilledSize ? record->payload_size : 8;
}

inline void Fill(TraceRecord* record, uint32_t writer, uint32_t number) {
  uint8_t* payload = record->payload();
  FillNumbers(record, writer, number);
  for (uint32_t i = 8; i < FilledSize(record); ++i) {
    payload[i] = static_cast<uint8_t>(writer * 31 + number * 7 + i);
  }
}

/// Writes one; whether there was room.
inline bool Put(TraceRing& ring, uint32_t writer, uint32_t number,
                size_t size = 40) {
  TraceRecord* record = ring.Reserve(static_cast<uint32_t>(size), number);
  if (record == nullptr) {
    return false;
  }
  Fill(record, writer, number);
  ring.Commit(record);
  return true;
}

struct ReadRecord {
  uint32_t writer;
  uint32_t number;
  uint64_t lost;  // before it
};

/// The next record, which must be whole; false: there is none.
inline bool Take(TraceReader& reader, ReadRecord* read) {
  const TraceRecord* record = reader.Next(&read->lost);
  if (record == nullptr) {
    return false;
  }
  memcpy(&read->writer, record->payload(), sizeof(read->writer));
  memcpy(&read->number, record->payload() + 4, sizeof(read->number));
  bool is_whole = record->time == read->number;
  for (uint32_t i = 8; i < FilledSize(record); ++i) {
    is_whole = is_whole && record->payload()[i] ==
                               static_cast<uint8_t>(read->writer * 31 +
                                                    read->number * 7 + i);
  }
  EXPECT_TRUE(is_whole) << "writer " << read->writer << ", " << read->number;
  return true;
}

}  // namespace ebpf
