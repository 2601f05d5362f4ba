// SPDX-License-Identifier: MIT
//
// core/perf/perf_ring.h's implementation.
#include "core/perf/perf_ring.h"

#include "core/base/memory.h"

namespace ebpf {
namespace {

constexpr size_t kPageSize = 4096;

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
    allocator_.Free(memory_.data(), memory_.size(), kPageSize);
  }
}

Status PerfRing::Init(uint64_t size) {
  auto* memory = static_cast<uint8_t*>(
      allocator_.Allocate(static_cast<size_t>(size), kPageSize));
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
  wakeup_samples_ = options_.by_bytes ? 0 : options_.wakeup;
  return Status::kOk;
}

bool PerfRing::Lose(uint64_t count) {
  lost_.FetchAdd(count, kRelaxed);
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

void PerfRing::Wake() {
  if (wakes_.Exchange(false, kRelaxed)) {
    wakeups_seen_.Exchange(true, kSeqCst);
    notifier_.Notify();
  }
}

}  // namespace ebpf
