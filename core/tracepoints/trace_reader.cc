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

TraceReader::~TraceReader() {
  if (page_ != nullptr) {
    Unpin(false);
  }
}

const TraceRecord* TraceReader::Next(uint64_t* lost) {
  *lost = 0;
  while (page_ != nullptr || PinNext()) {
    // Acquires: pairs with TraceRing::Publish's release.
    const TraceRing::State state = page_->Load(kAcquire);
    const uint32_t readable = state.readable();
    while (at_ < readable) {
      const TraceRecord* record = TraceRing::RecordAt(page_, at_);
      at_ += record->size;
      const bool was_discarded = record->payload_size == TraceRing::kOpen;
      if (consumes_) {
        page_->consumed_bytes = at_;
        page_->consumed_count += was_discarded ? 0 : 1;
      }
      if (!was_discarded) {
        // One that was interrupted there may have been read, and not yet have
        // counted as written when the page was begun.
        *lost = page_->written_before - Min(page_->written_before, accounted_);
        accounted_ += *lost + 1;
        if (consumes_) {
          ring_.accounted_ = accounted_;
        }
        return record;
      }
    }
    if (state.phase() != TraceRing::Phase::kFull) {
      return nullptr;  // more may come into it
    }
    Unpin(true);
  }
  return nullptr;
}

/// The oldest page that is to be read now, and nobody's; false: there is none.
/// One that a writer has claimed may yet come back.
bool TraceReader::FindNext(Page** page, TraceRing::State* state) const {
  *page = nullptr;
  *state = {UINT64_MAX};
  for (Page* one : ring_.pages_) {
    const TraceRing::State its_state = one->Load(kRelaxed);
    if (its_state.phase() != TraceRing::Phase::kFree &&
        !its_state.is_pinned() && its_state.epoch() >= next_epoch_ &&
        its_state.epoch() < state->epoch()) {
      *page = one;
      *state = its_state;
    }
  }
  return *page != nullptr;
}

bool TraceReader::PinNext() {
  for (int i = 0; i < kMaxAttempts; ++i) {
    Page* page;
    TraceRing::State state;
    if (!FindNext(&page, &state) ||
        state.phase() == TraceRing::Phase::kClaimed) {
      return false;
    }
    // Acquires: pairs with the release of TraceRing::Begin. So all pages that
    // were begun before this one are seen now, which may not have been so when
    // they were looked at.
    if (!page->Change(state, {state.word | TraceRing::State::kPinned},
                      kAcquire)) {
      continue;
    }
    page_ = page;
    at_ = page->consumed_bytes;
    Page* other;
    TraceRing::State other_state;
    if (!FindNext(&other, &other_state) ||
        other_state.epoch() > state.epoch()) {
      next_epoch_ = state.epoch() + 1;
      return true;
    }
    Unpin(false);
  }
  return false;
}

void TraceReader::Unpin(bool is_done) {
  // Releases: pair with the acquires of TraceRing::Claim.
  if (is_done && consumes_) {
    page_->state.Store(TraceRing::State::Of(TraceRing::Phase::kFree, 0, 0).word,
                       kRelease);
    ring_.free_count_.FetchAdd(1, kRelaxed);
  } else {
    page_->state.FetchAnd(~TraceRing::State::kPinned, kRelease);
  }
  page_ = nullptr;
}

}  // namespace ebpf
