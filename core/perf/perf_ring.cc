// SPDX-License-Identifier: MIT
//
// core/perf/perf_ring.h's implementation.
#include "core/perf/perf_ring.h"

#include "core/base/memory.h"

namespace ebpf {
namespace {

constexpr size_t kPageSize = 4096;

/// A position in the page that user space maps.
Atomic<uint64_t>& Shared(uint64_t& position) {
  return reinterpret_cast<Atomic<uint64_t>&>(position);
}

}  // namespace

Result<Ref<PerfRing>> PerfRing::Create(uint64_t size, const Options& options,
                                       Allocator& allocator) {
  PerfRing* made = EBPF_TRY(allocator.New<PerfRing>(options, allocator));
  Ref<PerfRing> ring = Ref<PerfRing>::Adopt(made);
  EBPF_TRY(ring->Init(size));
  return ring;
}

PerfRing::~PerfRing() {
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
  data_size_ = size - kPageSize;
  page().data_offset = kPageSize;
  page().data_size = data_size_;
  watermark_ = options_.by_bytes && options_.wakeup != 0
                   ? Min<uint64_t>(options_.wakeup, data_size_)
                   : data_size_ / 2;
  return Status::kOk;
}

bool PerfRing::ReserveRoom(uint64_t bytes, uint64_t& start) {
  start = head_.Load(kRelaxed);
  do {
    if (options_.overwrites) {
      continue;
    }
    // Acquires: the reader has done with the bytes before it.
    const uint64_t tail = Shared(page().data_tail).Load(kAcquire);
    if (ring::PerfRoom(start, tail, data_size_) < bytes) {
      return false;
    }
    // Fails where an interrupt has written since; then `start` is behind that.
  } while (!head_.CompareExchange(start, start + bytes, kRelaxed));
  return true;
}

void PerfRing::CopyTo(uint64_t position, ConstBytes bytes) {
  uint8_t* const data = memory_.data() + kPageSize;
  const uint64_t at = position & (data_size_ - 1);
  const size_t first =
      static_cast<size_t>(Min<uint64_t>(bytes.size(), data_size_ - at));
  CopyBytes(data + at, bytes.data(), first);
  CopyBytes(data, bytes.data() + first, bytes.size() - first);
}

void PerfRing::CountWakeups(uint64_t start, uint64_t bytes) {
  if (!options_.by_bytes && options_.wakeup != 0 &&
      samples_.FetchAdd(1, kRelaxed) + 1 >= options_.wakeup) {
    samples_.Store(0, kRelaxed);
    wakes_.Store(true, kRelaxed);
  }
  if (start + bytes - woken_at_.Load(kRelaxed) > watermark_) {
    woken_at_.FetchAdd(watermark_, kRelaxed);
    wakes_.Store(true, kRelaxed);
  }
}

Status PerfRing::Append(Span<const ConstBytes> pieces, uint64_t bytes,
                        const Writer& writer) {
  const uint64_t lost =
      writer.tells_losses && has_losses() ? lost_.Exchange(0, kRelaxed) : 0;
  const auto lost_size = static_cast<uint16_t>(sizeof(ring::PerfLostRecord) +
                                               writer.trailer.size());
  const ring::PerfLostRecord lost_record = {
      {ring::kPerfRecordLost, 0, lost_size}, writer.id, lost};
  const uint64_t total = bytes + (lost == 0 ? 0 : lost_size);
  uint64_t start = 0;
  if (paused_.Load(kRelaxed) || total > data_size_ ||
      !ReserveRoom(total, start)) {
    lost_.FetchAdd(lost + 1, kRelaxed);
    return Status::kNoSpace;
  }
  uint64_t at = start;
  if (lost != 0) {
    CopyTo(at, BytesOf(lost_record));
    CopyTo(at + sizeof(lost_record), writer.trailer);
    at += lost_size;
  }
  for (const ConstBytes piece : pieces) {
    CopyTo(at, piece);
    at += piece.size();
  }
  CountWakeups(start, total);
  return Status::kOk;
}

/// The outermost writer shows what it and those that interrupted it wrote. One
/// that comes between its last two steps is the outermost itself.
void PerfRing::Publish() {
  const uint32_t depth = depth_.Load(kRelaxed);
  if (depth > 1) {
    depth_.Store(depth - 1, kRelaxed);
    return;
  }
  for (;;) {
    const uint64_t head = head_.Load(kRelaxed);
    // Releases the records' bytes to who reads the head in user space.
    Shared(page().data_head).Store(head, kRelease);
    depth_.Store(0, kRelaxed);
    if (head == head_.Load(kRelaxed)) {
      break;
    }
    depth_.Store(1, kRelaxed);
  }
  if (wakes_.Load(kRelaxed) && wakes_.Exchange(false, kRelaxed)) {
    wakeups_seen_.Exchange(true, kSeqCst);
    notifier_.Notify();
  }
}

Status PerfRing::Write(Span<const ConstBytes> pieces, const Writer& writer) {
  uint64_t bytes = 0;
  for (const ConstBytes piece : pieces) {
    bytes += piece.size();
  }
  if (bytes > UINT16_MAX) {
    return Status::kTooBig;
  }
  depth_.Store(depth_.Load(kRelaxed) + 1, kRelaxed);
  const Status status = Append(pieces, bytes, writer);
  Publish();
  return status;
}

}  // namespace ebpf
