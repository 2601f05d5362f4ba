// SPDX-License-Identifier: MIT
//
// The layout of a perf event's buffer, from perf_event_open(2): a page about
// the buffer, then the data, a power of two of pages, in which records may
// wrap. User space maps all of it writable.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bits.h"

namespace ebpf::ring {

/// struct perf_event_mmap_page, as far as there is something to say.
struct PerfPage {
  uint32_t version;
  uint32_t compat_version;
  uint8_t not_used[1016];
  uint64_t data_head;  // where the kernel writes next; only grows
  uint64_t data_tail;  // up to where user space has read
  uint64_t data_offset;
  uint64_t data_size;
};
static_assert(offsetof(PerfPage, data_head) == 1024);
static_assert(sizeof(PerfPage) == 1056);

/// What each record begins with.
struct PerfRecordHeader {
  uint32_t type;
  uint16_t misc;
  uint16_t size;  // with the header; a multiple of 8
};
static_assert(sizeof(PerfRecordHeader) == 8);

inline constexpr uint32_t kPerfRecordLost = 2;
inline constexpr uint32_t kPerfRecordThrottle = 5;
inline constexpr uint32_t kPerfRecordUnthrottle = 6;
inline constexpr uint32_t kPerfRecordSample = 9;
inline constexpr uint16_t kPerfMiscKernel = 1;
inline constexpr uint16_t kPerfMiscUser = 2;

/// PERF_RECORD_LOST, before the fields of sample_id_all.
struct PerfLostRecord {
  PerfRecordHeader header;
  uint64_t id;
  uint64_t lost;
};

/// PERF_RECORD_THROTTLE and _UNTHROTTLE, likewise.
struct PerfThrottleRecord {
  PerfRecordHeader header;
  uint64_t time;
  uint64_t id;
  uint64_t stream_id;
};

/// Bytes that may be written at `head`, whatever `tail` user space wrote. One
/// stays free, as Linux has it.
constexpr uint64_t PerfRoom(uint64_t head, uint64_t tail, uint64_t data_size) {
  return (tail - head - 1) & (data_size - 1);
}

/// Whether this many bytes can be mapped as such a buffer: also the page alone,
/// without room for records.
constexpr bool IsPerfBufferSize(uint64_t size) {
  constexpr uint64_t kPage = 4096;
  return size % kPage == 0 &&
         (size == kPage || (size > kPage && IsPowerOfTwo(size / kPage - 1)));
}

}  // namespace ebpf::ring
