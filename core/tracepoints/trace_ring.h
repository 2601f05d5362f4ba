// SPDX-License-Identifier: MIT
//
// One CPU's trace buffer: records that its own code writes in any context, and
// that others read, without a lock between them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A record in its page; its payload stands behind it.
struct TraceRecord {
  uint32_t size;  // with this and what fills up to 8 bytes
  uint32_t payload_size;
  uint64_t time;  // in ns, taken at the event

  uint8_t* payload() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* payload() const {
    return reinterpret_cast<const uint8_t*>(this + 1);
  }
};

/// Pages that one CPU fills one after the other. Each is, in turn, free,
/// filled, and full; a reader pins the page that it is in, so that the writer
/// goes round it. Whoever is slow, or never comes back, costs one page and
/// holds up nobody.
///
/// Writers of one CPU only nest: an interrupt or a trap writes behind what it
/// interrupted, perhaps some pages further. What is read is what all of them
/// have finished, so records are in the order in which they were begun.
///
/// Nothing is lost without being counted: what was overwritten before it was
/// read, and what found no page.
class TraceRing : public NonCopyable {
 public:
  static constexpr size_t kPageSize = 4096;
  /// One that is filled, one that is read, and one more.
  static constexpr size_t kMinPages = 3;
  static constexpr size_t kMaxPages = 1 << 16;  // 256 MiB

  /// kInvalid: fewer or more pages than these; kNoMemory. Overwrites at first.
  /// Context: task.
  static Result<TraceRing*> Create(size_t page_count, Allocator& allocator);
  /// Nobody writes or reads any more. Context: task.
  void Destroy();

  /// Forgets all records and what was counted, while nobody writes or reads.
  /// Context: task.
  void Clear();

  /// Whether a full buffer loses what is oldest, or what comes. Context: any.
  void SetOverwrites(bool overwrites) {
    overwrites_.Store(overwrites, kRelaxed);
  }

  /// Room for `payload_size` bytes, to be filled and given to Commit or Discard
  /// before this context ends; null: there is none, which is counted.
  /// Context: any, on the ring's CPU, with preemption off up to the Commit.
  TraceRecord* Reserve(size_t payload_size, uint64_t time);
  void Commit(TraceRecord* record);
  /// It is as if it had never been.
  void Discard(TraceRecord* record);

  static constexpr size_t max_payload_size() {
    return kDataSize - sizeof(TraceRecord);
  }
  size_t page_count() const { return pages_.size(); }

  /// Records that were committed or found no room. Context: any.
  uint64_t written() const { return written_.Load(kRelaxed); }
  /// Those of them that nobody will read. Context: any.
  uint64_t lost() const { return lost_.Load(kRelaxed); }
  /// Those of the lost that found no room. Context: any.
  uint64_t refused() const { return refused_.Load(kRelaxed); }
  /// Those that no reader has taken, or was told of as lost. Context: task, no
  /// reader takes any now.
  uint64_t Untold() const { return written() - accounted_; }
  /// Bytes of what was written and whose page was neither read to its end nor
  /// overwritten. Context: any.
  size_t UsedBytes() const;

 private:
  friend class Allocator;
  friend class TraceReader;

  enum class Phase : uint8_t {
    kFree,
    kClaimed,  // by a writer, which makes it ready, or gives it back
    kFilling,
    kFull,
  };

  /// What a page is, in one word: so nobody can mistake a page that is filled
  /// anew for the one that it was.
  struct State {
    static constexpr uint64_t kPinned = 4;  // behind the two bits of the phase
    static constexpr unsigned kReadableShift = 3;
    static constexpr unsigned kEpochShift = 16;

    static State Of(Phase phase, uint64_t epoch, uint32_t readable) {
      return {epoch << kEpochShift | uint64_t{readable} << kReadableShift |
              static_cast<uint64_t>(phase)};
    }
    Phase phase() const { return static_cast<Phase>(word & 3); }
    bool is_pinned() const { return (word & kPinned) != 0; }
    /// Bytes from the beginning, all finished.
    uint32_t readable() const {
      return static_cast<uint32_t>(word >> kReadableShift) & 0x1fff;
    }
    /// Pages are read in this order.
    uint64_t epoch() const { return word >> kEpochShift; }

    uint64_t word;
  };

  static constexpr uint32_t kOpen = UINT32_MAX;  // no final size yet

  struct Page {
    State Load(MemoryOrder order) const { return {state.Load(order)}; }
    /// As CompareExchange.
    bool Change(State& from, State to, MemoryOrder order) {
      return state.CompareExchange(from.word, to.word, order);
    }

    Atomic<uint64_t> state;
    Atomic<uint32_t> reserved;   // bytes; past kDataSize: it was closed
    Atomic<uint32_t> committed;  // bytes of finished records, in any order
    Atomic<uint32_t> final;      // bytes in it when it was closed
    Atomic<uint32_t> count;      // records, without those discarded
    // The reader's, who has pinned it; the writer's again when it is claimed.
    uint32_t consumed_bytes;
    uint32_t consumed_count;
    uint64_t written_before;  // written() when it was begun
  };
  static constexpr size_t kDataSize = kPageSize - sizeof(Page);

  TraceRing(Span<Page*> pages, Allocator& allocator)
      : pages_(pages), allocator_(allocator) {}
  ~TraceRing() = default;

  static TraceRecord* RecordAt(Page* page, uint32_t at) {
    return reinterpret_cast<TraceRecord*>(reinterpret_cast<uint8_t*>(page + 1) +
                                          at);
  }
  static Page* PageOf(TraceRecord* record) {
    return reinterpret_cast<Page*>(reinterpret_cast<uintptr_t>(record) &
                                   ~(kPageSize - 1));
  }

  /// A page by its number, and its epoch above that: a page that was filled
  /// anew is another one.
  using Tail = uint64_t;
  Page* PageOf(Tail tail) const { return pages_[tail % kMaxPages]; }

  void Lose();
  bool Advance(Tail from);
  /// Its number, or kMaxPages; and its state before.
  size_t Claim(Tail from, State* was);
  uint64_t Begin(Page* page);
  static void Publish(Page* page);

  Span<Page*> pages_;
  Allocator& allocator_;
  Atomic<bool> overwrites_{true};
  Atomic<Tail> tail_{0};
  Atomic<uint32_t> free_count_{0};
  Atomic<uint64_t> next_epoch_{1};
  Atomic<uint64_t> written_{0};
  Atomic<uint64_t> lost_{0};
  Atomic<uint64_t> refused_{0};
  uint64_t accounted_ = 0;  // the consuming reader's: read, or told as lost
};

/// Reads a ring, on any CPU. One at a time takes records out. Context: task.
class TraceReader : public NonCopyable {
 public:
  /// `consumes`: what is read is gone for others. The ring outlives it, or its
  /// last call is Release.
  TraceReader(TraceRing& ring, bool consumes)
      : ring_(&ring), consumes_(consumes), accounted_(ring.accounted_) {}
  ~TraceReader() { Release(); }

  /// The oldest record that was not read yet, or null: there is none now. Valid
  /// up to Take or Release. `lost` becomes the number of records that were lost
  /// before it, since the one that was taken before.
  const TraceRecord* Peek(uint64_t* lost);
  /// Goes on behind what Peek gave.
  void Take();

  /// Both, and the record is valid up to the next call.
  const TraceRecord* Next(uint64_t* lost);

  /// Gives back the page that it is in; it goes on there, if the page is still
  /// the same.
  void Release();

 private:
  using Page = TraceRing::Page;

  bool FindNext(size_t* number, TraceRing::State* state) const;
  bool TryPin(size_t number, TraceRing::State state);
  bool PinNext();
  void Unpin(bool is_done);
  void Skip(uint32_t size, uint32_t count);
  uint64_t LostBefore() const;

  TraceRing* ring_;
  const bool consumes_;
  Page* page_ = nullptr;
  size_t number_ = 0;  // of the page that it is in, or was
  uint32_t at_ = 0;    // in the page whose epoch is epoch_
  // Older pages were read.
  uint64_t epoch_ = 1;
  uint64_t accounted_;  // records that were read, or told as lost
};

}  // namespace ebpf
