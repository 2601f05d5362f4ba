// SPDX-License-Identifier: MIT
//
// core/maps/ring_reader.h's implementation.
#include "core/maps/ring_reader.h"

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/ring_buffer_map.h"
#include "core/ring/ring_layout.h"

namespace ebpf {

using linux_abi::RingRecordHeader;

Result<size_t> ReadRingRecord(Map& map, Bytes to) {
  RingBufferMap* ring = RingBufferMap::From(map);
  if (ring == nullptr) {
    return Status::kInvalid;
  }
  return ring->ring().Read(to);
}

Result<size_t> ReadRingRecords(Map& map, Bytes to) {
  size_t used = 0;
  while (to.size() - used >= sizeof(RingRecordHeader)) {
    const Bytes rest = to.Subspan(used + sizeof(RingRecordHeader));
    const Result<size_t> size =
        ReadRingRecord(map, rest.First(AlignDown<size_t>(rest.size(), 8)));
    if (!size.ok()) {
      if (used != 0) {
        return used;
      }
      return size.status();
    }
    StoreUnaligned(&to[used],
                   RingRecordHeader{static_cast<uint32_t>(*size), 0});
    const size_t bytes = static_cast<size_t>(ring::RecordBytes(*size));
    const size_t end = sizeof(RingRecordHeader) + *size;
    FillBytes(&to[used] + end, 0, bytes - end);
    used += bytes;
  }
  if (used == 0) {
    return Status::kNoSpace;
  }
  return used;
}

}  // namespace ebpf
