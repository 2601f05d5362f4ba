// SPDX-License-Identifier: MIT
//
// core/perf/perf_ring.h's implementation.
#include "core/perf/perf_ring.h"

#include "core/base/memory.h"

namespace ebpf {
namespace {

constexpr size_t kPageSize = Allocator::kPageSize;

}  // namespace

Result<Ref<PerfRing>> PerfRing::Create(uint64_t size, const Options& options,
                                       Allocator& allocator) {
  PerfRing* made = EBPF_TRY(allocator.New<PerfRing>(options, allocator));
  Ref<PerfRing> ring = Ref<PerfRing>::Adopt(made);
  EBPF_TRY(ring->Init(size));
  return ring;
}

void PerfRing::Cursor::Put(ConstBytes words) {
  for (size_t at = 0; at < words.size(); at += sizeof(uint64_t)) {
    Put(LoadUnaligned<uint64_t>(words.data() + at));
  }
}

PerfRing::~PerfRing() {
  if (payer_) {
    payer_->Unlock(memory_.size());
  }
  if (!memory_.empty()) {
    allocator_.FreeMappable(memory_.data(), memory_.size());
  }
}

Status PerfRing::Init(uint64_t size) {
  auto* memory = static_cast<uint8_t*>(
      allocator_.AllocateMappable(static_cast<size_t>(size)));
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  memory_ = Bytes(memory, static_cast<size_t>(size));
  data_ = memory + kPageSize;
  data_size_ = size - kPageSize;
  page().data_offset = kPageSize;
  page().data_size = data_size_;
  watermark_ = options_.by_bytes && options_.wakeup != 0
                   ? Min<uint64_t>(options_.wakeup, data_size_)
                   : data_size_ / 2;
  if (!options_.by_bytes && options_.wakeup != 0) {
    wakeup_samples_ = options_.wakeup;
  }
  samples_left_.Store(wakeup_samples_, kRelaxed);
  return Status::kOk;
}

bool PerfRing::Lose(uint64_t count) {
  lost_.FetchAdd(count, kRelaxed);
  easy_end_.Store(0, kRelaxed);
  End();
  return false;
}

bool PerfRing::BeginAfterLosses(uint64_t size, const Writer& writer,
                                Cursor& cursor, RecordKind kind) {
  Enter();
  const uint64_t lost = lost_.Exchange(0, kRelaxed);
  if (lost == 0) {
    return Reserve(size, cursor, kind) || Lose(1);
  }
  const auto lost_size = static_cast<uint16_t>(sizeof(ring::PerfLostRecord) +
                                               writer.trailer.size());
  if (!Reserve(size + lost_size, cursor, kind)) {
    return Lose(lost + 1);
  }
  const ring::PerfLostRecord record = {
      {ring::kPerfRecordLost, 0, lost_size}, writer.id, lost};
  cursor.Put(BytesOf(record));
  cursor.Put(writer.trailer);
  return true;
}

/// Finds out again how far records are easy; whether up to `end`. An interrupt
/// may write meanwhile: that can but make it too low.
[[gnu::noinline]] bool PerfRing::ThinkAhead(uint64_t end) {
  if (data_size_ == 0) {
    return false;
  }
  const uint64_t head = head_.Load(kRelaxed);
  uint64_t easy_end = (head | (data_size_ - 1)) + 1;  // the buffer's
  easy_end = Min(easy_end, woken_at_.Load(kRelaxed) + watermark_);
  if (!options_.overwrites) {
    // Acquires: as in ReserveRoom.
    const uint64_t tail = SharedPosition(page().data_tail).Load(kAcquire);
    easy_end = Min(easy_end, head + ring::PerfRoom(head, tail, data_size_));
  }
  easy_end_.Store(easy_end, kRelaxed);
  TrapFence();
  if (has_losses()) {  // from an interrupt, too
    easy_end_.Store(0, kRelaxed);
    return false;
  }
  return end <= easy_end;
}

/// Something came meanwhile that its writer has left to this one.
[[gnu::noinline]] void PerfRing::EndAgain() {
  depth_.Store(1, kRelaxed);
  TrapFence();
  End();
}

void PerfRing::Wake() {
  if (wakes_.Exchange(false, kRelaxed)) {
    wakeups_seen_.Exchange(true, kSeqCst);
    notifier_.Notify();
  }
}

}  // namespace ebpf
