// SPDX-License-Identifier: MIT
//
// Helpers on ring buffers.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/ring_buffer_map.h"

namespace ebpf::helpers {
namespace {

/// The verifier lets nothing but a ring pass here (HelperTakesMap).
RingBuffer& AsRing(uint64_t map) {
  return RingBufferMap::From(*reinterpret_cast<Map*>(map))->ring();
}

}  // namespace

/// long bpf_ringbuf_output(ringbuf, data, size, flags): -EAGAIN without room.
uint64_t RingbufOutput(uint64_t ring, uint64_t data, uint64_t size,
                       uint64_t flags, uint64_t) {
  constexpr uint64_t kFlags =
      linux_abi::kRingNoWakeup | linux_abi::kRingForceWakeup;
  if ((flags & ~kFlags) != 0) {
    return AsResult(Status::kInvalid);
  }
  const ConstBytes record(reinterpret_cast<const uint8_t*>(data),
                          static_cast<size_t>(size));
  const Status status = AsRing(ring).Output(record, flags);
  return AsResult(IsOk(status) ? Status::kOk : Status::kTryAgain);
}

/// void* bpf_ringbuf_reserve(ringbuf, size, flags)
uint64_t RingbufReserve(uint64_t ring, uint64_t size, uint64_t flags, uint64_t,
                        uint64_t) {
  if (flags != 0) {
    return 0;
  }
  const Result<uint8_t*> record = AsRing(ring).Reserve(size);
  return record.ok() ? reinterpret_cast<uint64_t>(*record) : 0;
}

/// void bpf_ringbuf_submit(record, flags)
uint64_t RingbufSubmit(uint64_t record, uint64_t flags, uint64_t, uint64_t,
                       uint64_t) {
  RingBuffer::Commit(reinterpret_cast<uint8_t*>(record), flags,
                     /*discard=*/false);
  return 0;
}

/// void bpf_ringbuf_discard(record, flags)
uint64_t RingbufDiscard(uint64_t record, uint64_t flags, uint64_t, uint64_t,
                        uint64_t) {
  RingBuffer::Commit(reinterpret_cast<uint8_t*>(record), flags,
                     /*discard=*/true);
  return 0;
}

/// u64 bpf_ringbuf_query(ringbuf, what)
uint64_t RingbufQuery(uint64_t ring, uint64_t what, uint64_t, uint64_t,
                      uint64_t) {
  return AsRing(ring).Query(what);
}

}  // namespace ebpf::helpers
