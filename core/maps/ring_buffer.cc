// SPDX-License-Identifier: MIT
//
// core/maps/ring_buffer.h's implementation.
#include "core/maps/ring_buffer.h"

#include "core/base/bits.h"
#include "core/base/construct.h"
#include "core/maps/map_checks.h"
#include "core/maps/shared_bytes.h"
#include "core/ring/ring_layout.h"

namespace ebpf {
namespace {

using linux_abi::kRingBusyBit;
using linux_abi::kRingDiscardBit;
using linux_abi::kRingHeaderSize;

}  // namespace

RingBuffer::~RingBuffer() {
  if (memory_ != nullptr) {
    allocator_.FreeMappable(memory_, memory_size_);
  }
}

Status RingBuffer::Init(uint32_t data_size) {
  data_size_ = data_size;
  memory_size_ = 3 * ring::kPageSize + data_size_;
  memory_ = static_cast<uint8_t*>(allocator_.AllocateMappable(memory_size_));
  if (memory_ == nullptr) {
    return Status::kNoMemory;
  }
  StoreUnaligned(data() + data_size_, this);  // for Commit
  return Status::kOk;
}

Bytes RingBuffer::user_memory() const {
  return Bytes(memory_, memory_size_ - ring::kPageSize);
}

Atomic<uint64_t>& RingBuffer::consumer() const {
  return *reinterpret_cast<Atomic<uint64_t>*>(memory_);
}

Atomic<uint64_t>& RingBuffer::producer_for_user() const {
  return *reinterpret_cast<Atomic<uint64_t>*>(memory_ + ring::kPageSize);
}

uint8_t* RingBuffer::data() const { return memory_ + 2 * ring::kPageSize; }

Atomic<uint32_t>& RingBuffer::LengthAt(uint64_t position) const {
  return *reinterpret_cast<Atomic<uint32_t>*>(data() +
                                              (position & (data_size_ - 1)));
}

Atomic<uint32_t>& RingBuffer::PageOffsetAt(uint64_t position) const {
  return *reinterpret_cast<Atomic<uint32_t>*>(
      data() + (position & (data_size_ - 1)) + sizeof(uint32_t));
}

Result<uint8_t*> RingBuffer::Reserve(uint64_t size) {
  if (size > ring::kMaxPayload || ring::RecordBytes(size) >= data_size_) {
    return Status::kTooBig;
  }
  uintptr_t irq;
  if (!lock_.TryLock(irq)) {
    return Status::kBusy;
  }
  Result<uint8_t*> record = ReserveLocked(ring::RecordBytes(size), size);
  lock_.Unlock(irq);
  return record;
}

Result<uint8_t*> RingBuffer::ReserveLocked(uint64_t bytes, uint64_t size) {
  // Acquires: pairs with the release of the reader (Read, or user space), which
  // has done with the bytes before it.
  const uint64_t consumed = consumer().Load(kAcquire);
  const uint64_t position = producer_.Load(kRelaxed);
  const ring::Placement place = ring::Place(position, bytes, data_size_);
  PassPending();
  if (!MayAdvanceTo(place.end, consumed)) {
    // With the padding it may be more than the ring can ever hold. Then the
    // padding goes ahead alone, and the next try starts at the beginning.
    if (place.padding + bytes >= data_size_ &&
        MayAdvanceTo(place.start, consumed)) {
      PutPadding(position, place.padding);
      Advance(place.start);
      ThreadFence(kSeqCst);  // as the exchange in Commit
      NotifyIfReadUpTo(position);
    }
    return Status::kNoSpace;
  }
  if (place.padding != 0) {
    PutPadding(position, place.padding);
  }
  LengthAt(place.start)
      .Store(static_cast<uint32_t>(size) | kRingBusyBit, kRelaxed);
  const uint64_t offset = place.start & (data_size_ - 1);
  // For Commit: how many pages behind the header's own the data ends.
  PageOffsetAt(place.start)
      .Store(static_cast<uint32_t>((data_size_ / ring::kPageSize) -
                                   (offset / ring::kPageSize)),
             kRelaxed);
  Advance(place.end);
  return data() + offset + kRingHeaderSize;
}

/// Moves pending_ over the records that are written. Each is passed once, so
/// this costs a reserve little but after a long pause of one writer.
void RingBuffer::PassPending() {
  const uint64_t end = producer_.Load(kRelaxed);
  while (pending_ != end) {
    // Acquires: pairs with the exchange in Commit, so that the writer is done.
    const uint32_t length = LengthAt(pending_).Load(kAcquire);
    if ((length & kRingBusyBit) != 0) {
      break;
    }
    pending_ += ring::BytesOfLength(length);
  }
}

/// The reader's position keeps what it has not read; the second condition keeps
/// what is being written, whatever the reader says.
bool RingBuffer::MayAdvanceTo(uint64_t end, uint64_t consumed) const {
  return ring::Fits(end, consumed, data_size_) &&
         ring::Fits(end, pending_, data_size_);
}

void RingBuffer::PutPadding(uint64_t position, uint64_t bytes) {
  LengthAt(position).Store(
      static_cast<uint32_t>(bytes - kRingHeaderSize) | kRingDiscardBit,
      kRelaxed);
}

void RingBuffer::Advance(uint64_t end) {
  // Release the headers: pair with the acquires in Read, and in user space.
  producer_.Store(end, kRelease);
  producer_for_user().Store(end, kRelease);
}

void RingBuffer::Commit(uint8_t* record, uint64_t wakeup, bool discard) {
  uint8_t* header = record - kRingHeaderSize;
  auto& length = *reinterpret_cast<Atomic<uint32_t>*>(header);
  auto& page_offset =
      *reinterpret_cast<Atomic<uint32_t>*>(header + sizeof(uint32_t));
  const auto page = AlignDown<uintptr_t>(reinterpret_cast<uintptr_t>(header),
                                         ring::kPageSize);
  const auto* data_end = reinterpret_cast<uint8_t*>(
      page + size_t{page_offset.Load(kRelaxed)} * ring::kPageSize);
  auto* ring = LoadUnaligned<RingBuffer*>(data_end);

  uint32_t done = length.Load(kRelaxed) & ~kRingBusyBit;
  if (discard) {
    done |= kRingDiscardBit;
  }
  // Releases the payload: pairs with the acquires in Read, in user space and in
  // PassPending. Sequentially consistent for NotifyIfReadUpTo.
  (void)length.Exchange(done, kSeqCst);
  if ((wakeup & linux_abi::kRingForceWakeup) != 0) {
    ring->notifier_.Notify();
  } else if ((wakeup & linux_abi::kRingNoWakeup) == 0) {
    ring->NotifyIfReadUpTo(static_cast<uint64_t>(header - ring->data()));
  }
}

/// Tells the listeners when the reader has read all before `position`, so may
/// be asleep. It may also stand before padding, which is only ever followed by
/// the data's beginning: a record there is always told.
void RingBuffer::NotifyIfReadUpTo(uint64_t position) {
  // The record was published by a sequentially consistent exchange, or before a
  // full fence, and so this load comes after it. The reader moves its position
  // and then looks for records once more, with the fence of Readable between:
  // one of the two sees the other.
  const uint64_t mask = data_size_ - 1;
  const uint64_t consumed = consumer().Load(kSeqCst);
  if ((position & mask) == 0 || (position & mask) == (consumed & mask)) {
    notifier_.Notify();
  }
}

Status RingBuffer::Output(ConstBytes record, uint64_t wakeup) {
  uint8_t* room = EBPF_TRY(Reserve(record.size()));
  shared_bytes::Store(room, record);
  Commit(room, wakeup, /*discard=*/false);
  return Status::kOk;
}

uint64_t RingBuffer::Query(uint64_t what) const {
  // Only numbers for the caller: nothing is read by them, so no order.
  const uint64_t consumed = consumer().Load(kRelaxed);
  const uint64_t produced = producer_.Load(kRelaxed);
  switch (what) {
    case linux_abi::kRingAvailableData:
      return produced - consumed;
    case linux_abi::kRingSize:
      return data_size_;
    case linux_abi::kRingConsumerPosition:
      return consumed;
    case linux_abi::kRingProducerPosition:
      return produced;
    default:
      return 0;
  }
}

bool RingBuffer::Readable() const {
  ThreadFence(kSeqCst);  // pairs with the load in NotifyIfReadUpTo
  return producer_.Load(kRelaxed) != consumer().Load(kRelaxed);
}

Result<size_t> RingBuffer::Read(Bytes to) {
  const MutexGuard guard(reader_mutex_);
  // Acquires: pairs with the release in Advance, for the headers. What comes
  // after this look waits for the next call, so that a call ends.
  const uint64_t producer = producer_.Load(kAcquire);
  // Looked at once: user space may move it while this goes on.
  uint64_t position = consumer().Load(kRelaxed);
  for (;;) {
    ring::Found found = ring::JudgePosition(position, producer, data_size_);
    uint32_t length = 0;
    if (found == ring::Found::kRecord) {
      // Acquires: pairs with the exchange in Commit, for the payload.
      length = LengthAt(position).Load(kAcquire);
      found = ring::JudgeRecord(length, position, producer, data_size_);
    }
    const size_t payload = ring::PayloadOf(length);
    switch (found) {
      case ring::Found::kNothing:
        return Status::kTryAgain;
      case ring::Found::kDamaged:
        return GiveUp(producer);
      case ring::Found::kRecord:
        if (payload > to.size()) {
          return Status::kNoSpace;
        }
        shared_bytes::Load(
            to.First(payload),
            data() + (position & (data_size_ - 1)) + kRingHeaderSize);
        break;
      case ring::Found::kDiscarded:
        break;
    }
    // Releases the bytes to the producers: pairs with the acquire in
    // ReserveLocked.
    position += ring::BytesOfLength(length);
    consumer().Store(position, kRelease);
    if (found == ring::Found::kRecord) {
      return payload;
    }
  }
}

Status RingBuffer::GiveUp(uint64_t producer) {
  consumer().Store(producer, kRelease);  // pairs as the one in Read
  return Status::kBadMessage;
}

}  // namespace ebpf
