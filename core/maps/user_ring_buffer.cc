// SPDX-License-Identifier: MIT
//
// core/maps/user_ring_buffer.h's implementation.
#include "core/maps/user_ring_buffer.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/ring/ring_layout.h"

namespace ebpf {
namespace {

using linux_abi::kRingBusyBit;
using linux_abi::kRingDiscardBit;
using linux_abi::kRingForceWakeup;
using linux_abi::kRingHeaderSize;
using linux_abi::kRingNoWakeup;

/// What a dynptr can describe (Linux's DYNPTR_MAX_SIZE).
constexpr uint32_t kMaxSample = (1u << 24) - 1;

}  // namespace

UserRingBuffer::~UserRingBuffer() {
  if (memory_ != nullptr) {
    allocator_.FreeMappable(memory_, memory_size_);
  }
}

Status UserRingBuffer::Init(uint32_t data_size) {
  data_size_ = data_size;
  memory_size_ = 2 * ring::kPageSize + 2 * data_size_;
  memory_ = static_cast<uint8_t*>(allocator_.AllocateMappable(memory_size_));
  return memory_ == nullptr ? Status::kNoMemory : Status::kOk;
}

Bytes UserRingBuffer::user_memory() const {
  return Bytes(memory_, 2 * ring::kPageSize + data_size_);
}

Atomic<uint64_t>& UserRingBuffer::consumer() const {
  return *reinterpret_cast<Atomic<uint64_t>*>(memory_);
}

Atomic<uint64_t>& UserRingBuffer::producer() const {
  return *reinterpret_cast<Atomic<uint64_t>*>(memory_ + ring::kPageSize);
}

uint8_t* UserRingBuffer::data() const { return memory_ + 2 * ring::kPageSize; }

bool UserRingBuffer::Writable() const {
  // Only a hint: user space looks at the positions itself.
  const uint64_t used = producer().Load(kRelaxed) - consumer().Load(kRelaxed);
  return used < data_size_;
}

/// The payload at `position`, in one piece.
Bytes UserRingBuffer::SampleAt(uint64_t position, uint32_t size) {
  const uint64_t begin = position & (data_size_ - 1);
  const uint64_t first = Min<uint64_t>(size, data_size_ - begin);
  if (first == size) {
    return Bytes(data() + begin, size);
  }
  uint8_t* const whole = data() + data_size_;
  CopyBytes(whole, data() + begin, first);
  CopyBytes(whole + first, data(), size - first);
  return Bytes(whole, size);
}

Result<UserRingBuffer::Found> UserRingBuffer::Look(Bytes& sample,
                                                   uint64_t& bytes) {
  // Acquires: pairs with the release of user space, which has written headers.
  const uint64_t produced = producer().Load(kAcquire);
  if (produced % 8 != 0) {
    return Status::kInvalid;
  }
  const uint64_t consumed = consumer().Load(kRelaxed);
  if (consumed >= produced) {
    return Found::kNothing;
  }
  const auto& header = *reinterpret_cast<Atomic<uint32_t>*>(
      data() + (consumed & (data_size_ - 1)));
  // Acquires: pairs with the release of user space, which has written it.
  const uint32_t length = header.Load(kAcquire);
  const uint32_t size = ring::PayloadOf(length);
  bytes = ring::RecordBytes(size);
  if (bytes > produced - consumed) {
    return Status::kInvalid;
  }
  if (bytes > data_size_ || size > kMaxSample) {
    return Status::kTooBig;
  }
  if ((length & kRingDiscardBit) != 0) {
    return Found::kDiscarded;
  }
  if ((length & kRingBusyBit) != 0) {
    return Found::kNothing;
  }
  sample = SampleAt(consumed + kRingHeaderSize, size);
  return Found::kSample;
}

Status UserRingBuffer::DrainOwned(SampleVisitor& visitor, uint32_t& taken,
                                  uint32_t& discarded) {
  for (bool wants_more = true; wants_more && taken < kMaxSamples; ++taken) {
    Bytes sample;
    uint64_t bytes = 0;
    const Found found = EBPF_TRY(Look(sample, bytes));
    if (found == Found::kNothing) {
      break;
    }
    if (found == Found::kSample) {
      wants_more = visitor.Visit(sample);
    } else {
      ++discarded;
    }
    // Releases the bytes to the producer, in user space.
    consumer().Store(consumer().Load(kRelaxed) + bytes, kRelease);
  }
  return Status::kOk;
}

Result<uint64_t> UserRingBuffer::Drain(SampleVisitor& visitor,
                                       uint64_t wakeup) {
  if ((wakeup & ~uint64_t{kRingNoWakeup | kRingForceWakeup}) != 0) {
    return Status::kInvalid;
  }
  // Acquires: pairs with the release below, for the consumer's position.
  if (busy_.Exchange(1, kAcquire) != 0) {
    return Status::kBusy;
  }
  uint32_t taken = 0;
  uint32_t discarded = 0;
  const Status status = DrainOwned(visitor, taken, discarded);
  busy_.Store(0, kRelease);
  if ((wakeup & kRingForceWakeup) != 0 ||
      ((wakeup & kRingNoWakeup) == 0 && taken != 0)) {
    ThreadFence(kSeqCst);  // Notify's condition
    notifier_.Notify();
  }
  if (!IsOk(status)) {
    return status;
  }
  return uint64_t{taken - discarded};
}

}  // namespace ebpf
