// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_ring.h's implementation: the reader.
#include "core/tracepoints/trace_ring.h"

namespace ebpf {
namespace {

/// How often a reader looks for the oldest page, which the writer takes away
/// each time: so it is as fast as the reader, who will be asked again.
constexpr int kMaxAttempts = 16;

}  // namespace

const TraceRecord* TraceReader::Peek(uint64_t* lost) {
  *lost = 0;
  while (page_ != nullptr || PinNext()) {
    // Acquires: pairs with the release of TraceRing::Settle. So of a full page
    // all that is in it is seen.
    const TraceRing::State state = page_->Load(kAcquire);
    // Acquires: pairs with the release of TraceRing::Page::Show.
    const uint32_t readable = page_->shown.Load(kAcquire);
    while (at_ < readable) {
      const TraceRecord* record = TraceRing::RecordAt(page_, at_);
      if (record->payload_size != TraceRing::kDiscarded) {
        *lost = LostBefore();
        return record;
      }
      Skip(record->size, 0);  // it was discarded
    }
    if (state.phase() != TraceRing::Phase::kFull) {
      return nullptr;  // more may come into it
    }
    Unpin(true);
  }
  return nullptr;
}

void TraceReader::Take() {
  const TraceRecord* record = TraceRing::RecordAt(page_, at_);
  accounted_ += LostBefore() + 1;
  if (consumes_) {
    ring_->accounted_ = accounted_;
  }
  Skip(record->size, 1);
}

const TraceRecord* TraceReader::Next(uint64_t* lost) {
  const TraceRecord* record = Peek(lost);
  if (record != nullptr) {
    Take();
  }
  return record;
}

void TraceReader::Release() {
  if (page_ != nullptr) {
    Unpin(false);
  }
}

/// One that was interrupted there may have been read, and not yet have counted
/// as written when the page was begun.
uint64_t TraceReader::LostBefore() const {
  const uint64_t before = page_->written_before;
  return before - Min(before, accounted_);
}

void TraceReader::Skip(uint32_t size, uint32_t count) {
  at_ += size;
  if (consumes_) {
    page_->consumed_bytes = at_;
    page_->consumed_count += count;
  }
}

/// The oldest page that is to be read now, and nobody's; false: there is none.
/// One that a writer has claimed may yet come back.
bool TraceReader::FindNext(size_t* number, TraceRing::State* state) const {
  *state = {UINT64_MAX};
  for (size_t one = 0; one < ring_->pages_.size(); ++one) {
    const TraceRing::State its_state = ring_->pages_[one]->Load(kRelaxed);
    if (its_state.phase() != TraceRing::Phase::kFree &&
        !its_state.is_pinned() && its_state.epoch() >= epoch_ &&
        its_state.epoch() < state->epoch()) {
      *number = one;
      *state = its_state;
    }
  }
  return state->word != UINT64_MAX;
}

bool TraceReader::TryPin(size_t number, TraceRing::State state) {
  Page* page = ring_->pages_[number];
  // Acquires: pairs with the release of TraceRing::Begin. So all pages that
  // were begun before this one are seen now, which may not have been so when
  // they were looked at.
  if (!page->Change(state, {state.word | TraceRing::State::kPinned},
                    kAcquire)) {
    return false;
  }
  at_ = Max(page->consumed_bytes, state.epoch() == epoch_ ? at_ : 0);
  accounted_ = Max(accounted_, ring_->accounted_);
  page_ = page;
  number_ = number;
  return true;
}

bool TraceReader::TryPinNext(size_t number) {
  const TraceRing::State state = ring_->pages_[number]->Load(kRelaxed);
  return state.epoch() == epoch_ && !state.is_pinned() &&
         (state.phase() == TraceRing::Phase::kFilling ||
          state.phase() == TraceRing::Phase::kFull) &&
         TryPin(number, state);
}

bool TraceReader::PinNext() {
  for (int i = 0; i < kMaxAttempts; ++i) {
    // Where it was, or behind that, if it is the one that comes next: nothing
    // is older.
    if (TryPinNext(number_) ||
        TryPinNext(number_ + 1 == ring_->pages_.size() ? 0 : number_ + 1)) {
      return true;
    }
    size_t number;
    TraceRing::State state;
    if (!FindNext(&number, &state) ||
        state.phase() == TraceRing::Phase::kClaimed) {
      return false;
    }
    const uint32_t at = at_;
    if (!TryPin(number, state)) {
      continue;
    }
    size_t other;
    TraceRing::State other_state;
    if (!FindNext(&other, &other_state) ||
        other_state.epoch() > state.epoch()) {
      epoch_ = state.epoch();
      return true;
    }
    Unpin(false);
    at_ = at;
  }
  return false;
}

void TraceReader::Unpin(bool is_done) {
  if (is_done) {
    epoch_ = page_->Load(kRelaxed).epoch() + 1;
    at_ = 0;
  }
  // Releases: pair with the acquires of TraceRing::Claim.
  if (is_done && consumes_) {
    page_->state.Store(TraceRing::State::Of(TraceRing::Phase::kFree, 0).word,
                       kRelease);
    ring_->SetFree(*page_);
  } else {
    page_->state.FetchAnd(~TraceRing::State::kPinned, kRelease);
  }
  page_ = nullptr;
}

}  // namespace ebpf
