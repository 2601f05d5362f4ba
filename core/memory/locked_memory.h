// SPDX-License-Identifier: MIT
//
// How much of the kernel's memory somebody keeps there by mapping it.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"

namespace ebpf {

/// Somebody's account, which outlives them while what they mapped is there.
/// Context: task.
class LockedMemory final : public RefCounted<LockedMemory> {
 public:
  /// Linux's default of RLIMIT_MEMLOCK.
  static constexpr uint64_t kDefaultLimit = 8 << 20;

  /// kNoMemory.
  static Result<Ref<LockedMemory>> Create(Allocator& allocator) {
    LockedMemory* made = EBPF_TRY(allocator.New<LockedMemory>(allocator));
    return Ref<LockedMemory>::Adopt(made);
  }

  /// Of what is locked from now on.
  void SetLimit(uint64_t bytes) { limit_.Store(bytes, kRelaxed); }

  /// So much more, unless that is beyond the limit and what `above` it is free:
  /// kNotPermitted, as in Linux, and nothing has changed.
  Status Lock(uint64_t bytes, uint64_t above) {
    uint64_t most;
    if (__builtin_add_overflow(limit_.Load(kRelaxed), above, &most)) {
      most = UINT64_MAX;
    }
    uint64_t used = used_.Load(kRelaxed);
    do {
      if (used > most || bytes > most - used) {
        return Status::kNotPermitted;
      }
    } while (!used_.CompareExchange(used, used + bytes, kRelaxed));
    return Status::kOk;
  }
  /// So much of what Lock allowed is no more.
  void Unlock(uint64_t bytes) { used_.FetchSub(bytes, kRelaxed); }

 private:
  friend class Allocator;
  friend class RefCounted<LockedMemory>;

  explicit LockedMemory(Allocator& allocator) : allocator_(allocator) {}
  ~LockedMemory() = default;
  void Destroy() { allocator_.Delete(this); }

  Allocator& allocator_;
  Atomic<uint64_t> limit_{kDefaultLimit};
  Atomic<uint64_t> used_{0};
};

}  // namespace ebpf
