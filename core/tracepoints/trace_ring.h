// SPDX-License-Identifier: MIT
//
// One CPU's trace buffer: records that its own code writes in any context, and
// that others read, without a lock between them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A record in its page; its payload stands behind it.
struct TraceRecord {
  uint32_t size;  // with this and what fills up to 8 bytes
  uint32_t payload_size;
  uint64_t time;  // in ns, taken at the event

  [[gnu::always_inline]] TraceRecord* Begin(uint64_t its_size,
                                            uint32_t its_payload_size,
                                            uint64_t its_time) {
    // Both sizes by one store.
    const uint64_t sizes = kLittleEndian
                               ? its_size | uint64_t{its_payload_size} << 32
                               : its_size << 32 | its_payload_size;
    __builtin_memcpy(this, &sizes, sizeof(sizes));
    time = its_time;
    return this;
  }

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
  [[gnu::always_inline]] TraceRecord* Reserve(uint32_t payload_size,
                                              uint64_t time) {
    const uint64_t size = SizeOf(payload_size);
    Page* const page = page_.Load(kRelaxed);
    const uint32_t holders = page->Enter();
    const uint64_t taken = page->taken.Load(kRelaxed);
    // In one comparison, since each branch costs: nobody else is in the page,
    // and there is room.
    if (__builtin_expect(
            (uint64_t{holders} << 16) + BytesIn(taken) + size > kDataSize, 0)) {
      return ReserveElsewhere(page, holders, payload_size, time);
    }
    page->Take(taken, size, kHolder);
    return RecordAt(page, BytesIn(taken))->Begin(size, payload_size, time);
  }
  [[gnu::always_inline]] static void Commit(TraceRecord* record) {
    Page* const page = PageOf(record);
    if (__builtin_expect(page->Leave(), 0)) {
      page->ring->Settle(page);
    }
  }
  /// It is as if it had never been; where others came behind it, what it took
  /// of the page is passed over.
  static void Discard(TraceRecord* record);

  static constexpr size_t max_payload_size() {
    return kDataSize - sizeof(TraceRecord);
  }
  size_t page_count() const { return pages_.size(); }

  /// Records that were made or found no room; while one is made on this CPU it
  /// may count already, or not yet when it was. Context: any.
  uint64_t written() const;
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
    static constexpr unsigned kEpochShift = 3;

    static State Of(Phase phase, uint64_t epoch) {
      return {epoch << kEpochShift | static_cast<uint64_t>(phase)};
    }
    /// The same page, which was filled.
    State Full() const {
      return {(word & ~uint64_t{3}) | static_cast<uint64_t>(Phase::kFull)};
    }
    Phase phase() const { return static_cast<Phase>(word & 3); }
    bool is_pinned() const { return (word & kPinned) != 0; }
    /// Pages are read in this order.
    uint64_t epoch() const { return word >> kEpochShift; }

    uint64_t word;
  };

  /// A payload of this size was discarded.
  static constexpr uint32_t kDiscarded = UINT32_MAX;

  // Of a page's `taken`: its lower half are bytes, up to the first free one;
  // with this added no record fits. The upper half counts records.
  static constexpr uint64_t kClosed = uint64_t{1} << 31;
  static constexpr uint64_t kOneRecord = uint64_t{1} << 32;
  static uint64_t BytesIn(uint64_t taken) { return taken & 0xffff'ffff; }
  static uint32_t CountIn(uint64_t taken) {
    return static_cast<uint32_t>(taken >> 32);
  }

  // Of a page's `holders`.
  static constexpr uint32_t kTaking = 1;
  static constexpr uint32_t kHolder = 2;
  // Of its `unsettled`: what its last holder has to do.
  static constexpr uint32_t kLook = 1;   // and show what there is then
  static constexpr uint32_t kClose = 2;  // since others have left it

  struct Page {
    State Load(MemoryOrder order) const { return {state.Load(order)}; }
    /// As CompareExchange.
    bool Change(State& from, State to, MemoryOrder order) {
      return state.CompareExchange(from.word, to.word, order);
    }

    /// From here on nobody else takes room in it, up to Take or a Store to
    /// `holders`. What it was before; if that was with kTaking, then this did
    /// nothing, and the page is not the caller's.
    [[gnu::always_inline]] uint32_t Enter() {
      const uint32_t before = holders.Load(kRelaxed);
      holders.Store(before | kTaking, kRelaxed);
      TrapFence();
      return before;
    }
    [[gnu::always_inline]] void Take(uint64_t before, uint64_t size,
                                     uint32_t its_holders) {
      taken.Store(before + size + kOneRecord, kRelaxed);
      Hold(its_holders);
    }
    [[gnu::always_inline]] void Hold(uint32_t its_holders) {
      TrapFence();
      holders.Store(its_holders, kRelaxed);
      TrapFence();
    }
    /// One holder less. Who is the last shows what they have made. Whether
    /// there is something to settle.
    [[gnu::always_inline]] bool Leave() {
      TrapFence();
      const uint32_t before = holders.Load(kRelaxed);
      if (__builtin_expect(before != kHolder, 0)) {
        holders.Store(before - kHolder, kRelaxed);
        return false;
      }
      Show(taken.Load(kRelaxed));
      Hold(0);
      return unsettled.Load(kRelaxed) != 0;
    }
    /// Releases the records: pairs with TraceReader::Peek's acquire.
    [[gnu::always_inline]] void Show(uint64_t its_taken) {
      shown.Store(static_cast<uint32_t>(its_taken & ~kClosed), kRelease);
    }

    Atomic<uint64_t> state;
    // What follows only writers change, by plain loads and stores: who
    // interrupts one leaves `holders` as it was, and the others with it.
    Atomic<uint64_t> taken;
    Atomic<uint32_t> holders;
    Atomic<uint32_t> unsettled;
    Atomic<uint32_t> shown;    // bytes that may be read
    Atomic<uint32_t> counted;  // its records in written_
    // These never change.
    uint32_t number;
    TraceRing* ring;
    // The reader's, who has pinned it; the writer's again when it is claimed.
    uint32_t consumed_bytes;
    uint32_t consumed_count;
    uint64_t written_before;  // on pages before it
  };
  static constexpr size_t kDataSize = kPageSize - sizeof(Page);

  static constexpr size_t kWordBits = 64;

  TraceRing(Span<Page*> pages, Span<Atomic<uint64_t>> free,
            Allocator& allocator)
      : pages_(pages), free_(free), allocator_(allocator) {}
  ~TraceRing() = default;

  static constexpr uint64_t SizeOf(uint32_t payload_size) {
    return AlignUp<uint64_t>(sizeof(TraceRecord) + payload_size,
                             alignof(TraceRecord));
  }
  static TraceRecord* RecordAt(Page* page, uint64_t at) {
    return reinterpret_cast<TraceRecord*>(reinterpret_cast<uint8_t*>(page + 1) +
                                          at);
  }
  static TraceRecord* Behind(TraceRecord* record) {
    return reinterpret_cast<TraceRecord*>(reinterpret_cast<uint8_t*>(record) +
                                          record->size);
  }
  static Page* PageOf(TraceRecord* record) {
    return reinterpret_cast<Page*>(reinterpret_cast<uintptr_t>(record) &
                                   ~(kPageSize - 1));
  }

  void Reset();
  TraceRecord* ReserveElsewhere(Page* page, uint32_t holders,
                                uint32_t payload_size, uint64_t time);
  void Settle(Page* page);
  Page* SettleOne(Page* page);
  void Close(Page* page, uint32_t holders);
  void Lose();
  bool Advance(Page* from);
  Page* Claim(const Page& from, State* was);
  Page* FindFree(const Page& from, State* was) const;
  Page* FindOldest(const Page& from, State* was) const;
  // Who finds a page in `free_` takes it by its state, and then out of here.
  Atomic<uint64_t>& FreeWordOf(const Page& page) {
    return free_[page.number / kWordBits];
  }
  static uint64_t FreeBitOf(const Page& page) {
    return uint64_t{1} << page.number % kWordBits;
  }
  void SetFree(const Page& page) {
    FreeWordOf(page).FetchOr(FreeBitOf(page), kRelaxed);
    free_count_.FetchAdd(1, kRelaxed);
  }
  void SetUsed(const Page& page) {
    free_count_.FetchSub(1, kRelaxed);
    FreeWordOf(page).FetchAnd(~FreeBitOf(page), kRelaxed);
  }
  void Begin(Page* page);

  Span<Page*> pages_;
  /// Which are free, a bit for each: to be found without a look at all pages.
  Span<Atomic<uint64_t>> free_;
  Allocator& allocator_;
  Atomic<bool> overwrites_{true};
  /// Where records go.
  Atomic<Page*> page_{nullptr};
  Atomic<uint32_t> free_count_{0};
  Atomic<uint64_t> next_epoch_{1};
  Atomic<uint64_t> written_{0};  // on pages that are closed, and the refused
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
  bool TryPinNext(size_t number);
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
