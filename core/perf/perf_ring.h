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
#include "core/memory/ref_counted.h"
#include "core/ring/perf_layout.h"

namespace ebpf {

/// Written by one CPU, in any context: what interrupts a writer writes behind
/// it, and only the outermost lets user space see how far it may read. User
/// space can write to all of the memory, so nothing in it is believed: a wrong
/// tail can cost its owner records, and nothing else. Events of one CPU, or of
/// one thread, may share it. Who gives back a reference knows that its writes
/// are over.
class PerfRing final : public RefCounted<PerfRing> {
 public:
  struct Options {
    /// User space never writes the tail: old records are overwritten.
    bool overwrites = false;
    /// Wake readers each `wakeup` samples, or bytes if `by_bytes`; 0: when half
    /// the buffer is full.
    uint32_t wakeup = 0;
    bool by_bytes = false;
  };

  /// On whose behalf a record is written.
  struct Writer {
    uint64_t id = 0;  // in the record that says how many were lost
    /// That record may be written before this one, and ends with `trailer`.
    bool tells_losses = true;
    ConstBytes trailer;
  };

  /// `size` bytes in all (IsPerfBufferSize). kNoMemory. Context: task.
  static Result<Ref<PerfRing>> Create(uint64_t size, const Options& options,
                                      Allocator& allocator);

  /// Appends a record of these pieces one behind the other, together a multiple
  /// of 8, at most UINT16_MAX. kNoSpace: counted as lost, which the next record
  /// that fits is told before. Preemption is off, on the writing CPU.
  /// Context: any.
  Status Write(Span<const ConstBytes> pieces, const Writer& writer);
  Status Write(Span<const ConstBytes> pieces) { return Write(pieces, {}); }

  /// Whether some were lost that no record has told of yet. Context: any.
  bool has_losses() const { return lost_.Load(kRelaxed) != 0; }

  /// While it is paused all records are lost. Context: any.
  void Pause(bool paused) { paused_.Store(paused, kRelaxed); }

  /// Whether a wake-up came since the last call, for poll. Context: task.
  bool TakeWakeup() { return wakeups_seen_.Exchange(false, kAcqRel); }

  Notifier& notifier() { return notifier_; }
  Bytes memory() const { return memory_; }
  bool overwrites() const { return options_.overwrites; }

 private:
  friend class Allocator;
  friend class RefCounted<PerfRing>;

  PerfRing(const Options& options, Allocator& allocator)
      : allocator_(allocator), options_(options), notifier_(this) {}
  ~PerfRing();
  void Destroy() { allocator_.Delete(this); }

  Status Init(uint64_t size);
  ring::PerfPage& page() const {
    return *reinterpret_cast<ring::PerfPage*>(memory_.data());
  }
  Status Append(Span<const ConstBytes> pieces, uint64_t bytes,
                const Writer& writer);
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
  Atomic<bool> paused_{false};
};

}  // namespace ebpf
