// SPDX-License-Identifier: MIT
//
// The layout that Linux gave BPF_MAP_TYPE_RINGBUF, as arithmetic: no memory is
// touched here.
//
// User space maps a page with the consumer's position, a page with the
// producer's, and the data, twice in a row where it can. Positions are bytes
// since the ring was made and only grow; a record is a header of 8 bytes
// (core/linux_abi/bpf.h) and its payload, at a multiple of 8.
//
// Linux's kernel has the data mapped twice too, and records that wrap. We have
// it once, so no record wraps: what does not fit before the end goes to the
// beginning, and the rest before the end becomes a discarded record, padding,
// which consumers skip as they skip all discarded ones.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"

namespace ebpf::ring {

inline constexpr size_t kPageSize = 4096;

/// The largest payload, Linux's limit: the length word has two bits that mean
/// something else.
inline constexpr uint64_t kMaxPayload = UINT32_MAX / 4;

/// The bytes of a record with header and padding to 8; `payload` is at most
/// kMaxPayload.
constexpr uint64_t RecordBytes(uint64_t payload) {
  return AlignUp<uint64_t>(payload + linux_abi::kRingHeaderSize, 8);
}

/// The payload's size in a record's length word.
constexpr uint32_t PayloadOf(uint32_t length) {
  return length & ~(linux_abi::kRingBusyBit | linux_abi::kRingDiscardBit);
}

/// The bytes of the record that has this length word.
constexpr uint64_t BytesOfLength(uint32_t length) {
  return RecordBytes(PayloadOf(length));
}

/// Where a record comes to stand.
struct Placement {
  uint64_t padding;  // bytes of the discarded record before it, or 0
  uint64_t start;    // position of the record's header
  uint64_t end;      // position behind it
};

/// Places a record of `bytes` (RecordBytes, at most `data_size`) at `position`
/// or, if it would wrap, at the data's beginning.
constexpr Placement Place(uint64_t position, uint64_t bytes,
                          uint64_t data_size) {
  const uint64_t left = data_size - (position & (data_size - 1));
  const uint64_t padding = bytes <= left ? 0 : left;
  return {padding, position + padding, position + padding + bytes};
}

/// Whether the producer may go on to `end` without running over what begins at
/// `oldest`. Any value of `oldest` is answered, those of a hostile consumer
/// too. As in Linux the last 8 bytes stay free.
constexpr bool Fits(uint64_t end, uint64_t oldest, uint64_t data_size) {
  return end - oldest < data_size;
}

/// What a reader finds at its position.
enum class Found : uint8_t {
  kNothing,  // nothing, or a record that is not ready
  kRecord,
  kDiscarded,
  kDamaged  // no consumer of ours leaves the position like this
};

/// Judges the reader's position, between the records of a ring whose producer
/// is at `producer`. `length` is the word at `consumer`, read by a caller who
/// has seen kRecord of JudgePosition.
constexpr Found JudgePosition(uint64_t consumer, uint64_t producer,
                              uint64_t data_size) {
  if (consumer == producer) {
    return Found::kNothing;
  }
  if (producer - consumer > data_size || consumer % 8 != 0) {
    return Found::kDamaged;
  }
  return Found::kRecord;
}
constexpr Found JudgeRecord(uint32_t length, uint64_t consumer,
                            uint64_t producer, uint64_t data_size) {
  if ((length & linux_abi::kRingBusyBit) != 0) {
    return Found::kNothing;
  }
  const uint64_t bytes = BytesOfLength(length);
  if (bytes > producer - consumer ||
      bytes > data_size - (consumer & (data_size - 1))) {
    return Found::kDamaged;
  }
  return (length & linux_abi::kRingDiscardBit) != 0 ? Found::kDiscarded
                                                    : Found::kRecord;
}

/// The part of the ring's memory that an mmap of [offset, offset + size) gets:
/// consumer page, producer page, data, and the data again.
struct Window {
  bool valid;
  uint64_t size;      // bytes from `offset` on in memory
  uint64_t mirrored;  // 0, or the data's size: mapped once more behind
};
constexpr Window WindowOf(uint64_t offset, uint64_t size, uint64_t data_size) {
  const uint64_t memory = 2 * kPageSize + data_size;
  if (size == 0 || offset % kPageSize != 0 || size % kPageSize != 0 ||
      offset > memory || size > memory + data_size) {
    return {false, 0, 0};
  }
  if (offset + size <= memory) {
    return {true, size, 0};
  }
  // The second copy only as a whole, behind all of the first one.
  if (offset > 2 * kPageSize || offset + size != memory + data_size) {
    return {false, 0, 0};
  }
  return {true, memory - offset, data_size};
}

}  // namespace ebpf::ring
