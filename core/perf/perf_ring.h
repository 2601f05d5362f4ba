// SPDX-License-Identifier: MIT
//
// A perf event's buffer, as its CPU writes it and user space maps it.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/notifier.h"
#include "core/memory/allocator.h"
#include "core/ring/perf_layout.h"

namespace ebpf {

/// Written by one CPU, in any context: what interrupts a writer writes behind
/// it, and only the outermost lets user space see how far it may read. User
/// space can write to all of the memory, so nothing in it is believed: a wrong
/// tail can cost its owner records, and nothing else.
class PerfRing : public NonCopyable {
 public:
  struct Options {
    /// User space never writes the tail: old records are overwritten.
    bool overwrites = false;
    /// Wake readers each `wakeup` samples, or bytes if `by_bytes`; 0: when half
    /// the buffer is full.
    uint32_t wakeup = 0;
    bool by_bytes = false;
    /// For the records that say how many were lost.
    uint64_t id = 0;
  };

  /// `size` bytes in all (IsPerfBufferSize). kNoMemory. Context: task.
  static Result<PerfRing*> Create(uint64_t size, const Options& options,
                                  Keeper owner, Allocator& allocator);
  /// Context: task; nobody writes or reads any more.
  void Delete();

  /// Appends a record of these pieces one behind the other, together a multiple
  /// of 8, at most UINT16_MAX. kNoSpace: counted as lost, which the next record
  /// that fits is told before. Preemption is off, on the writing CPU.
  /// Context: any.
  Status Write(Span<const ConstBytes> pieces);

  /// Whether a wake-up came since the last call, for poll. Context: task.
  bool TakeWakeup() { return wakeups_seen_.Exchange(false, kAcqRel); }

  Notifier& notifier() { return notifier_; }
  Bytes memory() const { return memory_; }
  bool overwrites() const { return options_.overwrites; }

 private:
  friend class Allocator;

  PerfRing(const Options& options, Keeper owner, Allocator& allocator)
      : allocator_(allocator), options_(options), notifier_(owner) {}
  ~PerfRing();

  Status Init(uint64_t size);
  ring::PerfPage& page() const {
    return *reinterpret_cast<ring::PerfPage*>(memory_.data());
  }
  Status Append(Span<const ConstBytes> pieces, uint64_t bytes);
  bool ReserveRoom(uint64_t bytes, uint64_t& start);
  void CopyTo(uint64_t position, ConstBytes bytes);
  void CountWakeups(uint64_t start, uint64_t bytes);
  void Publish();

  Allocator& allocator_;
  const Options options_;
  Notifier notifier_;
  Bytes memory_;
  uint64_t data_size_ = 0;
  uint64_t watermark_ = 0;

  // Only its CPU writes these; an interrupt may come between any two of its
  // instructions, and leaves `depth_` as it was, so that needs no locked
  // instruction.
  Atomic<uint64_t> head_{0};
  Atomic<uint32_t> depth_{0};
  Atomic<uint64_t> lost_{0};
  Atomic<uint64_t> samples_{0};
  Atomic<uint64_t> woken_at_{0};
  Atomic<bool> wakes_{false};

  Atomic<bool> wakeups_seen_{false};
};

}  // namespace ebpf
