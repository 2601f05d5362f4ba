// SPDX-License-Identifier: MIT
//
// What tests of perf's buffers write to them and read of them.
#pragma once

#include <algorithm>
#include <stdint.h>
#include <vector>

#include "core/base/memory.h"
#include "core/perf/perf_ring.h"
#include "core/ring/perf_layout.h"
#include "gtest/gtest.h"

namespace ebpf {

inline constexpr uint64_t kPage = 4096;

/// A record of `words` words, all of them `value`, with a header in front.
struct Record {
  Record(uint64_t value, size_t words) : body(words, value) {
    header = {ring::kPerfRecordSample, 0, static_cast<uint16_t>(8 + 8 * words)};
  }
  /// Whether there was room.
  bool WriteTo(PerfRing& ring, const PerfRing::Writer& writer = {}) const {
    PerfRing::Cursor cursor;
    return ring.BeginAfterLosses(header.size, writer, cursor) &&
           Fill(ring, cursor);
  }
  bool WriteTellingNothing(
      PerfRing& ring,
      PerfRing::RecordKind kind = PerfRing::RecordKind::kSample) const {
    PerfRing::Cursor cursor;
    return ring.Begin(header.size, cursor, kind) && Fill(ring, cursor);
  }
  /// The same where that is easy.
  bool WriteEasilyTo(PerfRing& ring) const {
    uint64_t* const room = ring.BeginEasy(header.size);
    if (room == nullptr) {
      return false;
    }
    room[0] = LoadUnaligned<uint64_t>(&header);
    std::copy(body.begin(), body.end(), room + 1);
    ring.EndEasy();
    return true;
  }
  ring::PerfRecordHeader header;
  std::vector<uint64_t> body;

 private:
  bool Fill(PerfRing& ring, PerfRing::Cursor& cursor) const {
    cursor.Put(LoadUnaligned<uint64_t>(&header));
    for (const uint64_t word : body) {
      cursor.Put(word);
    }
    ring.End();
    return true;
  }
};

/// A client that maps the ring.
class Reader {
 public:
  explicit Reader(PerfRing& ring) : memory_(ring.memory()) {}

  /// The next record's bytes; empty if there is none.
  std::vector<uint8_t> Next() {
    const uint64_t head = Position(offsetof(ring::PerfPage, data_head));
    if (tail_ == head) {
      return {};
    }
    const auto header = LoadUnaligned<ring::PerfRecordHeader>(At(0, 8).data());
    EXPECT_GE(header.size, 8);
    EXPECT_LE(header.size, head - tail_);
    std::vector<uint8_t> record = At(0, header.size);
    tail_ += header.size;
    return record;
  }
  void Release() { SetTail(tail_); }
  void SetTail(uint64_t tail) {
    __atomic_store_n(reinterpret_cast<uint64_t*>(
                         memory_.data() + offsetof(ring::PerfPage, data_tail)),
                     tail, __ATOMIC_RELEASE);
  }

 private:
  uint64_t Position(size_t offset) {
    return __atomic_load_n(reinterpret_cast<uint64_t*>(memory_.data() + offset),
                           __ATOMIC_ACQUIRE);
  }
  std::vector<uint8_t> At(uint64_t behind, size_t size) {
    const uint64_t data_size = memory_.size() - kPage;
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) {
      bytes[i] = memory_[kPage + ((tail_ + behind + i) & (data_size - 1))];
    }
    return bytes;
  }

  const Bytes memory_;
  uint64_t tail_ = 0;
};

inline uint64_t WordOf(const std::vector<uint8_t>& record, size_t index) {
  return LoadUnaligned<uint64_t>(record.data() + 8 * (index + 1));
}

}  // namespace ebpf
