// SPDX-License-Identifier: MIT
//
// The trace buffer: a ring of each CPU, written by what happens there and read
// by one CPU's or by all in the order of time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/maps/notifier.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/trace_ring.h"

namespace ebpf {

/// In place of a CPU's number: all of them.
inline constexpr uint32_t kAllCpus = UINT32_MAX;

/// What was written on one CPU since its ring was cleared.
struct TraceStats {
  uint64_t entries;  // that can still be read
  uint64_t overrun;  // lost: overwritten before they were read
  uint64_t dropped;  // lost: no room was there, or none could be had
  uint64_t read;
  size_t bytes;          // of the entries, nearly
  uint64_t oldest_time;  // of the entries; 0: there are none
};

/// Every record that was offered while it recorded is in exactly one of
/// TraceStats' counts, and who reads is told of each that was lost.
class TraceBuffer : public NonCopyable {
 public:
  /// `pages` of TraceRing::kPageSize for each CPU: kInvalid, kNoMemory. It
  /// records. Context: task.
  static Result<TraceBuffer*> Create(size_t pages, Allocator& allocator);
  /// Nobody writes or reads any more. Context: task.
  void Destroy();

  /// Room for a record of `size` bytes of something that happens now on `cpu`,
  /// this one, to be given to Commit or Discard; null: it is not kept, and that
  /// is counted if it should have been. In a read section and with preemption
  /// off up to the Commit. Context: any.
  void* Reserve(size_t size, uint32_t cpu);
  void Commit(void* payload);
  static void Discard(void* payload);
  /// When what Reserve gave room for happened. Context: any.
  static uint64_t TimeOf(void* payload) { return RecordOf(payload)->time; }

  /// The same for who writes to the ring itself: that of `cpu`, or null, and
  /// Refuse says that something would have been written. Context: as Reserve's.
  [[gnu::always_inline]] TraceRing* OpenRing(uint32_t cpu) {
    // Acquires: pairs with the release in Open. Who closes the ring waits for
    // read sections, and so for what is done with it.
    return cpus_.Of(cpu).open.Load(kAcquire);
  }
  void Refuse(uint32_t cpu);
  /// Whether anything is kept now. Context: any.
  bool is_recording() const { return is_recording_.Load(kRelaxed); }

  // Context of what follows: task.

  void SetRecording(bool records);
  /// Whether a full ring loses what is oldest, as at first, or what comes.
  void SetOverwrites(bool overwrites);
  bool overwrites() const { return overwrites_.Load(kRelaxed); }

  /// Rings of `pages` for `cpu`, or for each. What is in them is kept, as much
  /// as fits; what happens meanwhile is counted as dropped. kInvalid, kNoMemory
  /// and nothing has changed.
  Status Resize(uint32_t cpu, size_t pages) EBPF_EXCLUDES(mutex_);
  size_t PagesOf(uint32_t cpu) EBPF_EXCLUDES(mutex_);
  /// Forgets all records and counts of `cpu`, or of each.
  void Clear(uint32_t cpu) EBPF_EXCLUDES(mutex_);
  TraceStats Stats(uint32_t cpu) EBPF_EXCLUDES(mutex_);
  /// Whether there is something to take of `cpu`, or of any.
  bool IsReadable(uint32_t cpu) EBPF_EXCLUDES(mutex_);

  /// Who is told when there is something to read. Who writes to a ring itself
  /// calls its NotifyInSection then.
  Notifier& notifier() { return notifier_; }

 private:
  friend class Allocator;
  friend class TraceCursor;

  struct Cpu {
    Atomic<TraceRing*> open;  // where records go; null: nowhere
    // Where those go that were begun. It changes only while `open` is null and
    // after a grace period.
    TraceRing* ring;
    Atomic<uint64_t> refused;  // while the ring was changed
    // What follows is the buffer's under its mutex.
    uint64_t generation;  // changes when the ring does
    // Lost records that nobody was told of, besides the ring's.
    uint64_t untold;
    // Of rings that were, and of what was refused.
    uint64_t overrun_before;
    uint64_t dropped_before;
    uint64_t read;     // taken by consuming cursors
    uint64_t gone;     // from the ring, by them or by moving
    bool is_consumed;  // somebody has a consuming cursor
  };

  explicit TraceBuffer(Allocator& allocator)
      : allocator_(allocator), notifier_(nullptr, /*in_sections=*/true) {}
  ~TraceBuffer() = default;

  static TraceRecord* RecordOf(void* payload) {
    return reinterpret_cast<TraceRecord*>(static_cast<uint8_t*>(payload) -
                                          sizeof(TraceRecord));
  }
  uint32_t FirstOf(uint32_t cpu) const { return cpu == kAllCpus ? 0 : cpu; }
  uint32_t LastOf(uint32_t cpu) const;
  void Open(uint32_t cpu) EBPF_REQUIRES(mutex_);
  void Close(uint32_t cpu) EBPF_REQUIRES(mutex_);
  /// Under mutex_.
  static void TakeRefused(Cpu& cpu);
  void Replace(Cpu& cpu, TraceRing* ring) EBPF_REQUIRES(mutex_);

  Allocator& allocator_;
  Notifier notifier_;
  PerCpu<Cpu> cpus_;
  Atomic<bool> is_recording_{true};
  Atomic<bool> overwrites_{true};
  /// Held by who reads, and by who changes the rings.
  Mutex mutex_;
};

/// A record, and what was lost on its CPU since the one before it.
struct TraceEntry {
  const TraceRecord* record;
  uint32_t cpu;
  uint64_t lost;
};

/// A place in the buffer, for who reads some records at a time: it keeps
/// nothing of the buffer busy between two turns. Context of all: task.
class TraceCursor : public NonCopyable {
 public:
  /// At what is oldest, of `cpu` or of all in the order of time. `consumes`:
  /// what is taken is gone for others; kBusy: another cursor consumes the same.
  /// kNoMemory. The buffer outlives it.
  static Result<TraceCursor*> Create(TraceBuffer& buffer, uint32_t cpu,
                                     bool consumes, Allocator& allocator);
  /// One that takes from what others consume, of `cpu` or of all.
  static Result<TraceCursor*> CreateShared(TraceBuffer& buffer, uint32_t cpu,
                                           Allocator& allocator);
  void Destroy();

  /// While one lives, nobody else reads, and no ring changes.
  class EBPF_SCOPED_CAPABILITY Turn : public NonCopyable {
   public:
    explicit Turn(TraceCursor& cursor) EBPF_ACQUIRE(cursor.buffer_.mutex_);
    ~Turn() EBPF_RELEASE();

    /// What comes next; valid up to Take, or to the end of the turn. False:
    /// there is nothing now; for who does not consume also where rings were
    /// changed or cleared, and then for good.
    bool Peek(TraceEntry* entry);
    /// Goes on behind it.
    void Take();

   private:
    TraceCursor& cursor_;
    uint32_t next_ = kAllCpus;  // whose record Peek gave
  };

 private:
  friend class Allocator;

  struct Place {
    Place(TraceRing& ring, bool consumes, uint64_t its_generation)
        : reader(ring, consumes), generation(its_generation) {}

    TraceReader reader;
    uint64_t generation;
  };

  static Result<TraceCursor*> Create(TraceBuffer& buffer, uint32_t cpu,
                                     bool consumes, bool is_shared,
                                     Allocator& allocator);
  TraceCursor(TraceBuffer& buffer, uint32_t first, uint32_t count,
              bool consumes, bool is_shared, Allocator& allocator)
      : buffer_(buffer),
        first_(first),
        count_(count),
        consumes_(consumes),
        is_shared_(is_shared),
        allocator_(allocator) {}
  ~TraceCursor() = default;

  bool Begin();

  TraceBuffer& buffer_;
  const uint32_t first_;  // CPUs
  const uint32_t count_;
  const bool consumes_;
  const bool is_shared_;
  Allocator& allocator_;
  Place* places_ = nullptr;  // of each CPU
  bool is_void_ = false;
};

}  // namespace ebpf
