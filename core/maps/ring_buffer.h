// SPDX-License-Identifier: MIT
//
// A ring of records from any context to one reader, in memory that user space
// maps. core/ring/ring_layout.h tells the layout.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/notifier.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// What user space can write, the consumer's position, is never trusted: it can
/// lose its owner records, nothing else. What the kernel side relies on (record
/// headers, its own positions) is in memory that user space maps read-only or
/// not at all.
class RingBuffer : public NonCopyable {
 public:
  /// `owner` is kept while a notice is under way.
  RingBuffer(Allocator& allocator, Keeper owner)
      : allocator_(allocator), notifier_(owner) {}
  ~RingBuffer();

  /// Makes the ring with `data_size` bytes, a power of two and a multiple of
  /// 4096. kNoMemory. Context: task, once.
  Status Init(uint32_t data_size);

  /// Room for a record of `size` bytes, aligned to 8, which the caller gives
  /// to Commit in the end; readers stop before it until then. kTooBig (never
  /// fits), kNoSpace, kBusy (interrupted another Reserve). Context: any.
  Result<uint8_t*> Reserve(uint64_t size);

  /// Gives the record from Reserve to the readers, or lets them skip it.
  /// `wakeup`: kRingNoWakeup, kRingForceWakeup, or 0: tell the listeners if
  /// they have read all before it. Context: any.
  static void Commit(uint8_t* record, uint64_t wakeup, bool discard);

  /// Reserve, copy and Commit. Context: any.
  Status Output(ConstBytes record, uint64_t wakeup);

  /// bpf_ringbuf_query; 0 for an unknown `what`. Context: any.
  uint64_t Query(uint64_t what) const;

  /// Whether there is something before the producer. Context: any.
  bool Readable() const;

  /// Copies out the payload of the next record; its size. kTryAgain (none is
  /// ready), kNoSpace (`to` is too small: the record stays), kBadMessage (user
  /// space left a wrong position: what was in the ring is given up).
  /// Context: task.
  Result<size_t> Read(Bytes to);

  Notifier& notifier() { return notifier_; }

  /// The consumer page, the producer page and the data, in a row.
  Bytes user_memory() const;
  uint64_t data_size() const { return data_size_; }

 private:
  Atomic<uint64_t>& consumer() const;
  Atomic<uint64_t>& producer_for_user() const;
  uint8_t* data() const;
  /// The two words of the header at `position`.
  Atomic<uint32_t>& LengthAt(uint64_t position) const;
  Atomic<uint32_t>& PageOffsetAt(uint64_t position) const;

  Result<uint8_t*> ReserveLocked(uint64_t bytes, uint64_t size)
      EBPF_REQUIRES(lock_);
  void PassPending() EBPF_REQUIRES(lock_);
  bool MayAdvanceTo(uint64_t end, uint64_t consumed) const EBPF_REQUIRES(lock_);
  void PutPadding(uint64_t position, uint64_t bytes) EBPF_REQUIRES(lock_);
  void Advance(uint64_t end) EBPF_REQUIRES(lock_);
  void NotifyIfReadUpTo(uint64_t position);
  Status GiveUp(uint64_t producer);

  Allocator& allocator_;
  Notifier notifier_;
  /// user_memory(), then a page of our own with a pointer to this.
  uint8_t* memory_ = nullptr;
  size_t memory_size_ = 0;
  uint64_t data_size_ = 0;
  /// Written under lock_.
  Atomic<uint64_t> producer_{0};
  SpinLock<LockRank::kRingReserve> lock_;
  /// Before it no record is being written any more.
  uint64_t pending_ EBPF_GUARDED_BY(lock_) = 0;
  Mutex reader_mutex_;
};

}  // namespace ebpf
