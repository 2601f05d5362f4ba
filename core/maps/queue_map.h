// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_QUEUE and BPF_MAP_TYPE_STACK: values without keys.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// A circle of at most `max_entries` values behind one lock, all of its memory
/// there from the start. A queue gives out the oldest value, a stack the
/// youngest. Nobody gets a pointer into it: values are copied under the lock,
/// which programs try and the system call waits for.
class QueueMap final : public Map {
 public:
  // Map. Push: BPF_ANY, or BPF_EXIST, which drops the oldest value of a full
  // map. Also after kBusy `value` is zeros: programs read it unasked.
  Status Push(ConstBytes value, uint64_t flags) override;
  Status Pop(Bytes value) override;
  Status Peek(Bytes value) override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Status TakeOut(ConstBytes key, Bytes value) override;
  Status Delete(ConstBytes key) override;
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateQueueMap(const MapSpec& spec,
                                         Allocator& allocator);

  enum class Take : bool { kNo, kYes };

  QueueMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator) {}
  ~QueueMap();
  void Destroy() override;
  Status Init();

  uint8_t* ValueAt(uint32_t index) const {
    return memory_ + size_t{index} * spec().value_size;
  }
  Status PutIn(ConstBytes value, bool replaces) EBPF_REQUIRES(lock_);
  Status CopyNext(Bytes value, Take take) EBPF_REQUIRES(lock_);

  Allocator& allocator_;
  uint8_t* memory_ = nullptr;
  size_t memory_size_ = 0;
  SpinLock<LockRank::kMapBucket> lock_;
  uint32_t oldest_ EBPF_GUARDED_BY(lock_) = 0;
  uint32_t free_ EBPF_GUARDED_BY(lock_) = 0;  // where the next value goes
  uint32_t count_ EBPF_GUARDED_BY(lock_) = 0;
};

/// kInvalid, kTooBig, kNoMemory. Context: task.
Result<Ref<Map>> CreateQueueMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
