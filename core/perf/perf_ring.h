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
#include "core/memory/locked_memory.h"
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

  /// Only samples are counted for wake-ups.
  enum class RecordKind : uint8_t { kSample, kOther };

  /// Who tells of losses.
  struct Writer {
    uint64_t id = 0;
    ConstBytes trailer;  // what the record ends with: words
  };

  /// Where a record's words go, one behind the other. They begin at multiples
  /// of 8, so none reaches over the buffer's end. Context: any.
  class Cursor {
   public:
    void Put(uint64_t word) {
      void* const to = __builtin_assume_aligned(data_ + (at_ & mask_), 8);
      __builtin_memcpy(to, &word, sizeof(word));
      at_ += sizeof(word);
    }
    void Put(ConstBytes words);

   private:
    friend class PerfRing;

    uint8_t* data_;
    uint64_t mask_;
    uint64_t at_;
  };

  /// `size` bytes in all (IsPerfBufferSize). kNoMemory. Context: task.
  static Result<Ref<PerfRing>> Create(uint64_t size, const Options& options,
                                      Allocator& allocator);

  /// Room for a record of `size` bytes, a multiple of 8 and at most UINT16_MAX,
  /// to be filled through `cursor` before End. False: there is none; it is
  /// counted as lost, and there is nothing to End. Of those that were lost
  /// before nothing is told. Preemption is off, on the writing CPU. Context:
  /// any.
  [[nodiscard]] bool Begin(uint64_t size, Cursor& cursor,
                           RecordKind kind = RecordKind::kSample);
  /// The same, with a record in front that tells how many were lost, if any
  /// were.
  [[nodiscard]] bool BeginAfterLosses(uint64_t size, const Writer& writer,
                                      Cursor& cursor,
                                      RecordKind kind = RecordKind::kSample);
  /// User space may read it. Context: as Begin's.
  void End();

  /// Room for a sample of `size` bytes, where nothing has to be thought about:
  /// in one piece, by who has interrupted no writer, with nobody to wake and no
  /// losses to tell of. To be filled before EndEasy; null: it takes Begin.
  /// Context: as Begin's.
  [[nodiscard]] uint64_t* BeginEasy(uint64_t size);
  void EndEasy();

  /// Whether some were lost that no record has told of yet. Context: any.
  bool has_losses() const { return lost_.Load(kRelaxed) != 0; }

  /// While it is paused all records are lost. Context: any.
  void Pause(bool paused) { paused_.Store(paused, kRelaxed); }

  /// Whether a wake-up came since the last call, for poll. Context: task.
  bool TakeWakeup() { return wakeups_seen_.Exchange(false, kAcqRel); }

  /// Its memory was locked on that account. Once. Context: task.
  void SetPayer(Ref<LockedMemory> payer) { payer_ = Move(payer); }

  Notifier& notifier() { return notifier_; }
  Bytes memory() const { return memory_; }

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
  /// One in the page that user space maps.
  static Atomic<uint64_t>& SharedPosition(uint64_t& position) {
    return reinterpret_cast<Atomic<uint64_t>&>(position);
  }
  void Enter() {
    depth_.Store(depth_.Load(kRelaxed) + 1, kRelaxed);
    TrapFence();
  }
  bool ThinkAhead(uint64_t end);
  void EndAgain();
  bool Reserve(uint64_t bytes, Cursor& cursor, RecordKind kind);
  bool ReserveRoom(uint64_t bytes, uint64_t& start);
  bool CountSample();
  void CountWakeups(uint64_t start, uint64_t bytes, RecordKind kind);
  bool Lose(uint64_t count);
  void Wake();

  Allocator& allocator_;
  const Options options_;
  Notifier notifier_;
  Ref<LockedMemory> payer_;  // or null
  Bytes memory_;
  uint8_t* data_ = nullptr;  // behind the page
  uint64_t data_size_ = 0;
  uint64_t watermark_ = 0;
  uint64_t wakeup_samples_ = UINT64_MAX;  // that: not by samples

  // Only its CPU writes these; an interrupt may come between any two of its
  // instructions, and leaves `depth_` as it was, so that needs no locked
  // instruction.
  Atomic<uint32_t> depth_{0};
  Atomic<uint64_t> samples_left_{UINT64_MAX};  // up to the next wake-up
  Atomic<uint64_t> head_{0};
  // Up to here records are easy, for who is the outermost writer. Too low does
  // no harm.
  Atomic<uint64_t> easy_end_{0};
  Atomic<uint64_t> lost_{0};
  Atomic<uint64_t> woken_at_{0};
  Atomic<bool> wakes_{false};

  Atomic<bool> paused_{false};
  Atomic<bool> wakeups_seen_{false};
};

// On the way of each record: no calls.

inline bool PerfRing::ReserveRoom(uint64_t bytes, uint64_t& start) {
  start = head_.Load(kRelaxed);
  do {
    if (options_.overwrites) {
      continue;
    }
    // Acquires: the reader has done with the bytes before it.
    const uint64_t tail = SharedPosition(page().data_tail).Load(kAcquire);
    if (ring::PerfRoom(start, tail, data_size_) < bytes) {
      return false;
    }
    // Fails where an interrupt has written since; then `start` is behind that.
  } while (!head_.CompareExchange(start, start + bytes, kRelaxed));
  return true;
}

/// Whether it was the last one of those that readers want to be woken after.
inline bool PerfRing::CountSample() {
  if (__builtin_expect(samples_left_.FetchSub(1, kRelaxed) != 1, 1)) {
    return false;
  }
  samples_left_.Store(wakeup_samples_, kRelaxed);
  wakes_.Store(true, kRelaxed);
  return true;
}

inline void PerfRing::CountWakeups(uint64_t start, uint64_t bytes,
                                   RecordKind kind) {
  if (kind == RecordKind::kSample) {
    (void)CountSample();
  }
  if (__builtin_expect(start + bytes - woken_at_.Load(kRelaxed) > watermark_,
                       0)) {
    woken_at_.FetchAdd(watermark_, kRelaxed);
    wakes_.Store(true, kRelaxed);
  }
}

inline bool PerfRing::Reserve(uint64_t bytes, Cursor& cursor, RecordKind kind) {
  uint64_t start;
  if (paused_.Load(kRelaxed) || bytes > data_size_ ||
      !ReserveRoom(bytes, start)) {
    return false;
  }
  CountWakeups(start, bytes, kind);
  cursor.data_ = data_;
  cursor.mask_ = data_size_ - 1;
  cursor.at_ = start;
  return true;
}

inline bool PerfRing::Begin(uint64_t size, Cursor& cursor, RecordKind kind) {
  Enter();
  return __builtin_expect(Reserve(size, cursor, kind), 1) || Lose(1);
}

/// The outermost writer shows what it and those that interrupted it wrote. One
/// that comes between its last two steps is the outermost itself.
inline void PerfRing::End() {
  const uint32_t depth = depth_.Load(kRelaxed);
  if (depth > 1) {
    TrapFence();
    depth_.Store(depth - 1, kRelaxed);
    return;
  }
  for (;;) {
    const uint64_t head = head_.Load(kRelaxed);
    // Releases the records' bytes to who reads the head in user space.
    SharedPosition(page().data_head).Store(head, kRelease);
    depth_.Store(0, kRelaxed);
    TrapFence();
    if (__builtin_expect(head == head_.Load(kRelaxed), 1)) {
      break;
    }
    depth_.Store(1, kRelaxed);
    TrapFence();
  }
  if (__builtin_expect(wakes_.Load(kRelaxed), 0)) {
    Wake();
  }
}

inline uint64_t* PerfRing::BeginEasy(uint64_t size) {
  uint64_t start = head_.Load(kRelaxed);
  const uint64_t end = start + size;
  if (__builtin_expect(depth_.Load(kRelaxed) != 0, 0) ||
      __builtin_expect(paused_.Load(kRelaxed), 0) ||
      (__builtin_expect(end > easy_end_.Load(kRelaxed), 0) &&
       !ThinkAhead(end))) {
    return nullptr;
  }
  depth_.Store(1, kRelaxed);
  TrapFence();
  // Fails where an interrupt has written since.
  if (__builtin_expect(!head_.CompareExchange(start, end, kRelaxed), 0)) {
    End();
    return nullptr;
  }
  return reinterpret_cast<uint64_t*>(data_ + (start & (data_size_ - 1)));
}

inline void PerfRing::EndEasy() {
  (void)CountSample();
  const uint64_t head = head_.Load(kRelaxed);
  // As in End.
  SharedPosition(page().data_head).Store(head, kRelease);
  depth_.Store(0, kRelaxed);
  TrapFence();
  if (__builtin_expect(head != head_.Load(kRelaxed), 0) ||
      __builtin_expect(wakes_.Load(kRelaxed), 0)) {
    EndAgain();
  }
}

}  // namespace ebpf
