// SPDX-License-Identifier: MIT
//
// A ring of records from user space to programs. Its layout is that of
// core/ring/ring_layout.h with the roles swapped: user space maps the
// producer's page and the data for writing, the consumer's page for reading.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/notifier.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// What UserRingBuffer::Drain calls.
class SampleVisitor {
 public:
  /// A record's payload, which user space may change meanwhile; false: no more.
  virtual bool Visit(Bytes sample) = 0;

 protected:
  ~SampleVisitor() = default;
};

/// What user space writes, the producer's position, headers and payload, is
/// read once and judged; whatever it is, nothing outside of the data is looked
/// at, and a call ends.
class UserRingBuffer : public NonCopyable {
 public:
  /// Records that one call goes over at most (Linux's
  /// BPF_MAX_USER_RINGBUF_SAMPLES).
  static constexpr uint32_t kMaxSamples = 128 * 1024;

  /// `owner` is kept while a notice is under way.
  UserRingBuffer(Allocator& allocator, Keeper owner)
      : allocator_(allocator), notifier_(owner) {}
  ~UserRingBuffer();

  /// Makes the ring with `data_size` bytes, a power of two and a multiple of
  /// 4096; it takes as many again for a record that wraps. kNoMemory.
  /// Context: task, once.
  Status Init(uint32_t data_size);

  /// Calls `visitor` for the records that are ready, until it wants no more,
  /// and takes them out; how many it was called for. `wakeup`: kRingNoWakeup,
  /// kRingForceWakeup, or 0: tell the listeners of the room if any record was
  /// taken out. kInvalid (unknown flags; the producer's position is no multiple
  /// of 8, or a record is longer than it says), kTooBig (a record that no ring
  /// or dynptr can hold), kBusy (somebody else, or what this interrupted, is at
  /// it). Context: any.
  Result<uint64_t> Drain(SampleVisitor& visitor, uint64_t wakeup);

  /// Whether there is room for the producer. Context: any.
  bool Writable() const;

  Notifier& notifier() { return notifier_; }

  /// The consumer page, the producer page and the data, in a row.
  Bytes user_memory() const;
  uint64_t data_size() const { return data_size_; }

 private:
  enum class Found : uint8_t { kNothing, kSample, kDiscarded };

  /// The record at the consumer's position; kInvalid, kTooBig.
  Result<Found> Look(Bytes& sample, uint64_t& bytes);
  Bytes SampleAt(uint64_t position, uint32_t size);
  Status DrainOwned(SampleVisitor& visitor, uint32_t& taken,
                    uint32_t& discarded);

  Atomic<uint64_t>& consumer() const;
  Atomic<uint64_t>& producer() const;
  uint8_t* data() const;

  Allocator& allocator_;
  Notifier notifier_;
  /// user_memory(), then room for a record that wraps.
  uint8_t* memory_ = nullptr;
  size_t memory_size_ = 0;
  uint64_t data_size_ = 0;
  Atomic<uint32_t> busy_{0};
};

}  // namespace ebpf
