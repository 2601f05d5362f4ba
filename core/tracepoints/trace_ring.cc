// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_ring.h's implementation: the writers.
//
// Whoever interrupts a writer finishes before it goes on. So between two
// operations of a writer others may have written any number of records, and
// filled any number of pages, but none of them is half done.
//
// A writer holds the page that it writes in: `holders` is twice their number.
// It is changed by plain loads and stores, since who interrupts one of them
// leaves it as it found it; and while it is not 0 the page stays what it is.
// While a writer takes room, by a load and a store of `taken`, the number is
// odd: who interrupts it there goes to another page, and has the interrupted
// one close this one. Who is the first holder is the last one, too, and shows
// what all of them have made. Who interrupts it while it does leaves a word in
// `unsettled`, and it looks again.
//
// So no record costs a read-modify-write. Those are for turning to another
// page, and for what readers change.
#include "core/tracepoints/trace_ring.h"

namespace ebpf {
namespace {

/// How often a writer looks for a page: others that interrupt it each time have
/// filled one meanwhile.
constexpr int kMaxAttempts = 8;

/// Of how many full pages the oldest is overwritten. Pages are filled one
/// behind the other, but for those that are gone round, so it is mostly the
/// first; and interrupts wait for who looks.
constexpr size_t kMaxLooks = 8;

}  // namespace

Result<TraceRing*> TraceRing::Create(size_t page_count, Allocator& allocator) {
  static_assert(sizeof(Page) % alignof(TraceRecord) == 0);
  if (page_count < kMinPages || page_count > kMaxPages) {
    return Status::kInvalid;
  }
  const auto pages = EBPF_TRY(allocator.NewArray<Page*>(page_count));
  const auto free = allocator.NewArray<Atomic<uint64_t>>(
      (page_count + kWordBits - 1) / kWordBits);
  auto ring = free.ok() ? allocator.New<TraceRing>(pages, *free, allocator)
                        : Result<TraceRing*>(free.status());
  if (!ring.ok()) {
    if (free.ok()) {
      allocator.DeleteArray(*free);
    }
    allocator.DeleteArray(pages);
    return ring;
  }
  for (size_t i = 0; i < page_count; ++i) {
    pages[i] = static_cast<Page*>(allocator.Allocate(kPageSize, kPageSize));
    if (pages[i] == nullptr) {
      (*ring)->Destroy();
      return Status::kNoMemory;
    }
    pages[i]->number = static_cast<uint32_t>(i);
    pages[i]->ring = *ring;
  }
  (*ring)->page_.Store(pages[page_count - 1], kRelaxed);
  (*ring)->Reset();
  return ring;
}

void TraceRing::Destroy() {
  Allocator& allocator = allocator_;
  for (Page* page : pages_) {
    if (page != nullptr) {
      allocator.Free(page, kPageSize, kPageSize);
    }
  }
  allocator.DeleteArray(free_);
  allocator.DeleteArray(pages_);
  allocator.Delete(this);
}

void TraceRing::Clear() { Reset(); }

void TraceRing::Reset() {
  // Epochs go on: no reader takes a page for one that it was.
  free_count_.Store(0, kRelaxed);
  for (Page* page : pages_) {
    page->state.Store(State::Of(Phase::kFree, 0).word, kRelaxed);
    page->taken.Store(kClosed, kRelaxed);
    page->counted.Store(0, kRelaxed);
    SetFree(*page);
  }
  written_.Store(0, kRelaxed);
  lost_.Store(0, kRelaxed);
  refused_.Store(0, kRelaxed);
  accounted_ = 0;
  Advance(page_.Load(kRelaxed));
}

/// The last page's records are in written_ when it is closed; while that is
/// done another CPU may find them twice.
uint64_t TraceRing::written() const {
  for (int i = 0;; ++i) {
    const Page* page = page_.Load(kAcquire);  // pairs with Advance's release
    // Acquires: pairs with the release in Close.
    const uint64_t taken = page->taken.Load(kAcquire);
    const uint64_t closed = written_.Load(kAcquire);
    if (page_.Load(kRelaxed) == page || i == kMaxAttempts) {
      return closed + ((taken & kClosed) != 0 ? 0 : CountIn(taken));
    }
  }
}

size_t TraceRing::UsedBytes() const {
  size_t bytes = 0;
  for (const Page* page : pages_) {
    const State state = page->Load(kRelaxed);
    bytes += state.phase() == Phase::kFree ? 0 : page->shown.Load(kRelaxed);
  }
  return bytes;
}

/// What Reserve does where it is not alone in its page, or there is no room.
/// The page was entered, and had so many holders before.
[[gnu::noinline, gnu::cold]] TraceRecord* TraceRing::ReserveElsewhere(
    Page* page, uint32_t holders, uint32_t payload_size, uint64_t time) {
  const uint64_t size = SizeOf(payload_size);
  const bool fits_a_page = size <= kDataSize;
  for (int i = 0;; ++i) {
    bool has_page = false;
    if ((holders & kTaking) == 0) {
      const uint64_t taken = page->taken.Load(kRelaxed);
      if (BytesIn(taken) + size <= kDataSize) {
        page->unsettled.FetchOr(holders == 0 ? 0 : kLook, kRelaxed);
        page->Take(taken, size, holders + kHolder);
        return RecordAt(page, BytesIn(taken))->Begin(size, payload_size, time);
      }
      if (fits_a_page) {
        Close(page, holders);
        page->unsettled.FetchOr(kLook, kRelaxed);  // it is full when it is left
      }
      page->Hold(holders + kHolder);
      has_page = fits_a_page && Advance(page);
      if (page->Leave()) {
        Settle(page);
      }
    } else if (fits_a_page) {
      page->unsettled.FetchOr(kClose, kRelaxed);
      has_page = Advance(page);
    }
    if (!has_page || i == kMaxAttempts) {
      Lose();
      return nullptr;
    }
    page = page_.Load(kRelaxed);
    holders = page->Enter();
  }
}

void TraceRing::Discard(TraceRecord* record) {
  Page* page = PageOf(record);
  const uint32_t holders = page->Enter();
  const uint64_t taken = page->taken.Load(kRelaxed);
  if (RecordAt(page, BytesIn(taken)) == Behind(record)) {
    page->taken.Store(taken - record->size - kOneRecord, kRelaxed);
  } else {
    record->payload_size = kDiscarded;
    page->taken.Store(taken - kOneRecord, kRelaxed);
  }
  page->Hold(holders);
  Commit(record);
}

/// Nobody takes room in it any more. The caller has entered it; those holders
/// may yet discard what they have in it, so it is counted when they leave.
void TraceRing::Close(Page* page, uint32_t holders) {
  const uint64_t taken = page->taken.Load(kRelaxed);
  if ((taken & kClosed) == 0) {
    const uint32_t count = CountIn(taken);
    const uint32_t counted = count - Min(count, holders / kHolder);
    page->counted.Store(counted, kRelaxed);
    written_.FetchAdd(counted, kRelaxed);
    page->taken.Store(taken | kClosed, kRelease);  // pairs with written()
  }
}

/// Does what is left to do in a page that nobody holds any more. What is below
/// is true of each page that nobody holds, even if it has become another one.
[[gnu::noinline, gnu::cold]] void TraceRing::Settle(Page* page) {
  while (page != nullptr) {
    Page* const last = SettleOne(page);
    page = nullptr;
    if (last != nullptr) {
      // It was begun when not all was known that was written before it. The
      // next one will tell.
      last->unsettled.FetchOr(kClose, kRelaxed);
      page = last->holders.Load(kRelaxed) == 0 ? last : nullptr;
    }
  }
}

/// Shows what was made in a page, closes it if others have left it, and if it
/// is closed it is full and its records are counted. Returns the last page
/// where that comes late for it.
TraceRing::Page* TraceRing::SettleOne(Page* page) {
  bool is_late = false;
  do {
    page->Enter();
    if ((page->unsettled.Exchange(0, kRelaxed) & kClose) != 0) {
      Close(page, 0);
      is_late = true;
    }
    const uint64_t taken = page->taken.Load(kRelaxed);
    const uint32_t uncounted = CountIn(taken) - page->counted.Load(kRelaxed);
    if ((taken & kClosed) != 0 && uncounted != 0) {
      page->counted.Store(CountIn(taken), kRelaxed);
      written_.FetchAdd(uncounted, kRelaxed);
      is_late = true;
    }
    page->Show(taken);
    State state = page->Load(kRelaxed);
    while ((taken & kClosed) != 0 && state.phase() == Phase::kFilling) {
      // Releases what is shown: pairs with TraceReader::Peek's acquire. When it
      // fails a reader has come or gone.
      if (page->Change(state, state.Full(), kRelease)) {
        break;
      }
    }
    page->Hold(0);
  } while (page->unsettled.Load(kRelaxed) != 0);
  Page* const last = page_.Load(kRelaxed);
  return is_late && last != page ? last : nullptr;
}

void TraceRing::Lose() {
  lost_.FetchAdd(1, kRelaxed);
  refused_.FetchAdd(1, kRelaxed);
  written_.FetchAdd(1, kRelaxed);
}

/// Fills another page than `from` from now on; false: there is none. Somebody
/// holds `from`.
bool TraceRing::Advance(Page* from) {
  if (page_.Load(kRelaxed) != from) {
    return true;
  }
  State was;
  Page* page = Claim(*from, &was);
  if (page == nullptr) {
    return page_.Load(kRelaxed) != from;
  }
  if (page_.Load(kRelaxed) != from) {
    // Who interrupted this may have made it the last page, and filled it. From
    // here on nobody can: it is claimed.
    page->state.Store(was.word, kRelease);
    return true;
  }
  if (was.phase() == Phase::kFree) {
    SetUsed(*page);
  } else {
    lost_.FetchAdd(CountIn(page->taken.Load(kRelaxed)) - page->consumed_count,
                   kRelaxed);
  }
  Begin(page);
  // Nobody can have made `from` the last page anew, since it is held.
  Page* expected = from;
  if (!page_.CompareExchange(expected, page, kRelease)) {
    // Who interrupted this has got one, too. This one is full, of nothing.
    Close(page, 0);
    Settle(page);
  } else if (written_.Load(kRelaxed) != page->written_before) {
    // Who interrupted this has found no page. The next one will tell.
    page->unsettled.FetchOr(kClose, kRelaxed);
  }
  return true;
}

/// A free page; or one of the oldest that nobody reads, whose records are lost
/// then. Not one with holders, who would write to it.
TraceRing::Page* TraceRing::Claim(const Page& from, State* was) {
  for (int i = 0; i < kMaxAttempts; ++i) {
    Page* page = nullptr;
    if (free_count_.Load(kRelaxed) != 0) {
      page = FindFree(from, was);
    }
    if (page == nullptr && overwrites_.Load(kRelaxed)) {
      page = FindOldest(from, was);
    }
    // Acquires: pairs with the releases of TraceReader::Unpin, whose reads of
    // the page are done.
    State state = *was;
    if (page == nullptr ||
        page->Change(state, State::Of(Phase::kClaimed, was->epoch()),
                     kAcquire)) {
      return page;
    }
  }
  return nullptr;
}

/// The first one behind `from`.
TraceRing::Page* TraceRing::FindFree(const Page& from, State* was) const {
  const size_t words = free_.size();
  size_t at = from.number / kWordBits;
  // What is not behind it in its word comes last.
  const uint64_t behind = (~uint64_t{0} << from.number % kWordBits) << 1;
  for (size_t i = 0; i <= words; ++i) {
    uint64_t bits = free_[at].Load(kRelaxed);
    if (i == 0) {
      bits &= behind;
    } else if (i == words) {
      bits &= ~behind;
    }
    for (; bits != 0; bits &= bits - 1) {
      Page* const page = pages_[at * kWordBits + CountTrailingZeros(bits)];
      *was = page->Load(kRelaxed);
      // One that this has interrupted may have taken it.
      if (was->phase() == Phase::kFree && page->holders.Load(kRelaxed) == 0) {
        return page;
      }
    }
    at = at + 1 == words ? 0 : at + 1;
  }
  return nullptr;
}

/// The oldest of some behind `from`. Pages of readers, and of who was
/// interrupted, do not count: those are few.
TraceRing::Page* TraceRing::FindOldest(const Page& from, State* was) const {
  Page* best = nullptr;
  *was = {UINT64_MAX};
  size_t number = from.number;
  size_t looks = 0;
  for (size_t left = pages_.size(); left != 0 && looks < kMaxLooks; --left) {
    number = number + 1 == pages_.size() ? 0 : number + 1;
    Page* const page = pages_[number];
    const State state = page->Load(kRelaxed);
    if (state.phase() != Phase::kFull || state.is_pinned() ||
        page->holders.Load(kRelaxed) != 0) {
      continue;
    }
    ++looks;
    if (state.epoch() < was->epoch()) {
      best = page;
      *was = state;
      if (state.epoch() + pages_.size() <= next_epoch_.Load(kRelaxed)) {
        break;  // as many were begun since as there are: it is the oldest
      }
    }
  }
  return best;
}

void TraceRing::Begin(Page* page) {
  page->shown.Store(0, kRelaxed);
  page->counted.Store(0, kRelaxed);
  page->consumed_bytes = 0;
  page->consumed_count = 0;
  page->written_before = written_.Load(kRelaxed);
  const uint64_t epoch = next_epoch_.FetchAdd(1, kRelaxed);
  page->taken.Store(0, kRelaxed);
  // Pairs with the acquire of TraceReader::PinNext.
  page->state.Store(State::Of(Phase::kFilling, epoch).word, kRelease);
}

}  // namespace ebpf
