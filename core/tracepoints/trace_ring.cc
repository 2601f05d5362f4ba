// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_ring.h's implementation: the writers.
//
// Whoever interrupts a writer finishes before it goes on. So between two
// operations of a writer others may have written any number of records, and
// filled any number of pages, but none of them is half done. All that writers
// share is changed by atomic operations, which nothing interrupts.
#include "core/tracepoints/trace_ring.h"

#include "core/base/bits.h"

namespace ebpf {
namespace {

/// How often a writer looks for a page: others that interrupt it each time have
/// filled one meanwhile.
constexpr int kMaxAttempts = 8;

constexpr size_t kAlign = 8;

}  // namespace

Result<TraceRing*> TraceRing::Create(size_t page_count, Allocator& allocator) {
  static_assert(sizeof(Page) % kAlign == 0);
  if (page_count < kMinPages || page_count > kMaxPages) {
    return Status::kInvalid;
  }
  const auto pages = EBPF_TRY(allocator.NewArray<Page*>(page_count));
  auto ring = allocator.New<TraceRing>(pages, allocator);
  if (!ring.ok()) {
    allocator.DeleteArray(pages);
    return ring;
  }
  for (Page*& page : pages) {
    page = static_cast<Page*>(allocator.Allocate(kPageSize, kPageSize));
    if (page == nullptr) {
      (*ring)->Destroy();
      return Status::kNoMemory;
    }
  }
  (*ring)->free_count_.Store(static_cast<uint32_t>(page_count), kRelaxed);
  (*ring)->Advance((*ring)->tail_.Load(kRelaxed));
  return ring;
}

void TraceRing::Destroy() {
  Allocator& allocator = allocator_;
  for (Page* page : pages_) {
    if (page != nullptr) {
      allocator.Free(page, kPageSize, kPageSize);
    }
  }
  allocator.DeleteArray(pages_);
  allocator.Delete(this);
}

void TraceRing::Clear() {
  // Epochs go on: no reader takes a page for one that it was.
  for (Page* page : pages_) {
    page->state.Store(State::Of(Phase::kFree, 0, 0).word, kRelaxed);
  }
  free_count_.Store(static_cast<uint32_t>(pages_.size()), kRelaxed);
  written_.Store(0, kRelaxed);
  lost_.Store(0, kRelaxed);
  refused_.Store(0, kRelaxed);
  accounted_ = 0;
  Advance(tail_.Load(kRelaxed));
}

size_t TraceRing::UsedBytes() const {
  size_t bytes = 0;
  for (const Page* page : pages_) {
    const State state = page->Load(kRelaxed);
    bytes += state.phase() == Phase::kFree ? 0 : state.readable();
  }
  return bytes;
}

TraceRecord* TraceRing::Reserve(size_t payload_size, uint64_t time) {
  if (payload_size > max_payload_size()) {
    Lose();
    return nullptr;
  }
  const auto size = static_cast<uint32_t>(
      AlignUp(sizeof(TraceRecord) + payload_size, kAlign));
  for (int i = 0; i < kMaxAttempts; ++i) {
    const Tail tail = tail_.Load(kRelaxed);
    Page* page = PageOf(tail);
    // Not more than once past the end for each writer that is under way, so it
    // cannot wrap.
    if (page->reserved.Load(kRelaxed) <= kDataSize) {
      const uint32_t at = page->reserved.FetchAdd(size, kRelaxed);
      if (at <= kDataSize && size <= kDataSize - at) {
        TraceRecord* record = RecordAt(page, at);
        record->size = size;
        record->payload_size = static_cast<uint32_t>(payload_size);
        record->time = time;
        return record;
      }
      if (at <= kDataSize) {  // the first that did not fit
        page->final.Store(at, kRelaxed);
        Publish(page);
      }
    }
    if (!Advance(tail)) {
      break;
    }
  }
  Lose();
  return nullptr;
}

void TraceRing::Commit(TraceRecord* record) {
  Page* page = PageOf(record);
  written_.FetchAdd(1, kRelaxed);
  page->count.FetchAdd(1, kRelaxed);
  page->committed.FetchAdd(record->size, kRelaxed);
  Publish(page);
}

void TraceRing::Discard(TraceRecord* record) {
  Page* page = PageOf(record);
  const uint32_t size = record->size;
  record->payload_size = kOpen;
  page->committed.FetchAdd(size, kRelaxed);
  Publish(page);
}

void TraceRing::Lose() {
  written_.FetchAdd(1, kRelaxed);
  lost_.FetchAdd(1, kRelaxed);
  refused_.FetchAdd(1, kRelaxed);
}

/// Fills another page than that of `from` from now on; false: there is none.
bool TraceRing::Advance(Tail from) {
  if (tail_.Load(kRelaxed) != from) {
    return true;
  }
  State was;
  const size_t number = Claim(from, &was);
  if (number == kMaxPages) {
    return tail_.Load(kRelaxed) != from;
  }
  Page* page = pages_[number];
  if (tail_.Load(kRelaxed) != from) {
    // Who interrupted this may have made it the last page, and filled it. From
    // here on nobody can: it is claimed.
    page->state.Store(was.word, kRelease);
    return true;
  }
  if (was.phase() == Phase::kFree) {
    free_count_.FetchSub(1, kRelaxed);
  } else {
    lost_.FetchAdd(page->count.Load(kRelaxed) - page->consumed_count, kRelaxed);
  }
  const uint64_t epoch = Begin(page);
  if (!tail_.CompareExchange(from, epoch * kMaxPages + number, kRelaxed)) {
    // Who interrupted this has got one, too. This one is full, of nothing.
    page->reserved.Store(kDataSize + 1, kRelaxed);
    page->final.Store(0, kRelaxed);
    Publish(page);
  }
  return true;
}

/// A free page; or the oldest that nobody reads, whose records are lost then.
/// Not that of `from`: who interrupts this would write to it.
size_t TraceRing::Claim(Tail from, State* was) {
  const bool overwrites = overwrites_.Load(kRelaxed);
  if (!overwrites && free_count_.Load(kRelaxed) == 0) {
    return kMaxPages;
  }
  for (int i = 0; i < kMaxAttempts; ++i) {
    size_t best = kMaxPages;
    *was = {UINT64_MAX};
    // Begins behind the last page: it is mostly the one.
    size_t number = from % kMaxPages;
    for (size_t left = pages_.size(); left != 0; --left) {
      number = number + 1 == pages_.size() ? 0 : number + 1;
      const State state = pages_[number]->Load(kRelaxed);
      if (state.phase() == Phase::kFree) {
        best = number;
        *was = state;
        break;
      }
      if (overwrites && state.phase() == Phase::kFull && !state.is_pinned() &&
          state.epoch() < was->epoch() && pages_[number] != PageOf(from)) {
        best = number;
        *was = state;
        if (state.epoch() + pages_.size() <= next_epoch_.Load(kRelaxed)) {
          break;  // as many were begun since as there are: it is the oldest
        }
      }
    }
    // Acquires: pairs with the releases of TraceReader::Unpin, whose reads of
    // the page are done.
    State state = *was;
    if (best == kMaxPages ||
        pages_[best]->Change(
            state, State::Of(Phase::kClaimed, was->epoch(), was->readable()),
            kAcquire)) {
      return best;
    }
  }
  return kMaxPages;
}

uint64_t TraceRing::Begin(Page* page) {
  page->reserved.Store(0, kRelaxed);
  page->committed.Store(0, kRelaxed);
  page->final.Store(kOpen, kRelaxed);
  page->count.Store(0, kRelaxed);
  page->consumed_bytes = 0;
  page->consumed_count = 0;
  page->written_before = written_.Load(kRelaxed);
  const uint64_t epoch = next_epoch_.FetchAdd(1, kRelaxed);
  // Pairs with the acquire of TraceReader::PinNext.
  page->state.Store(State::Of(Phase::kFilling, epoch, 0).word, kRelease);
  return epoch;
}

/// Shows what is finished up to here, if all that was begun is.
void TraceRing::Publish(Page* page) {
  State state = page->Load(kRelaxed);
  while (state.phase() == Phase::kFilling) {
    const uint32_t final = page->final.Load(kRelaxed);
    const uint32_t committed = page->committed.Load(kRelaxed);
    if (committed != (final != kOpen ? final : page->reserved.Load(kRelaxed))) {
      return;  // who was interrupted will do it
    }
    State shown = State::Of(final == committed ? Phase::kFull : Phase::kFilling,
                            state.epoch(), committed);
    shown.word |= state.word & State::kPinned;
    // Releases: pairs with TraceReader::Peek's acquire; and sequentially
    // consistent for Notifier::Notify. When it fails, who interrupted this has
    // shown more, or a reader has come or gone.
    if (shown.word == state.word || page->Change(state, shown, kSeqCst)) {
      return;
    }
  }
}

}  // namespace ebpf
