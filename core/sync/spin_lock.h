// SPDX-License-Identifier: MIT
//
// The spin lock of core, its guard, and data that stands inside its lock.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/thread_annotations.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/sync/lock_rank.h"
#include "core/sync/lock_rank_check.h"
#include "core/sync/lock_wait.h"

namespace ebpf {

/// Compare-and-set lock of one word, the holder's CPU number + 1, that masks
/// interrupts while it is held. A trap (a probe on code that runs under the
/// lock) can still arrive on the CPU that holds it, so what a program can reach
/// uses TryLock, and fails with kBusy; the holder stands in the lock from its
/// first moment on, so that this never waits in vain.
template <LockRank kRank>
class EBPF_CAPABILITY("spin lock") SpinLock : public NonCopyable {
 public:
  constexpr SpinLock() = default;

  /// Context: task or irq, never from a program. Returns the interrupt state.
  uintptr_t Lock() EBPF_ACQUIRE() {
    const uintptr_t irq = ebpf_port_irq_save();
    lock_rank_check::Acquire(kRank);
    const uint32_t self = ebpf_port_cpu_id() + 1;
    uint32_t free = 0;
    // Acquires: pairs with the release in Unlock.
    if (!holder_.CompareExchange(free, self, kAcquire)) {
      WaitForLock(holder_, self);
    }
    return irq;
  }

  /// Waits for another CPU, which may hold it for a few instructions; not at
  /// all when a trap on the holder's own CPU asks, and not on where the holder
  /// waits for this CPU (it was interrupted, too). On true `irq` is to be given
  /// to Unlock. Context: any.
  bool TryLock(uintptr_t& irq) EBPF_TRY_ACQUIRE(true) {
    irq = ebpf_port_irq_save();
    const uint32_t self = ebpf_port_cpu_id() + 1;
    uint32_t free = 0;
    // Acquires: pairs with the release in Unlock.
    if (holder_.CompareExchange(free, self, kAcquire) ||
        TryToWaitForLock(holder_, self)) {
      lock_rank_check::Acquire(kRank);
      return true;
    }
    ebpf_port_irq_restore(irq);
    return false;
  }

  void Unlock(uintptr_t irq) EBPF_RELEASE() {
    lock_rank_check::Release(kRank);
    holder_.Store(0, kRelease);  // pairs with the acquires above
    ebpf_port_irq_restore(irq);
  }

 private:
  LockHolder holder_{0};
};

/// Holds a SpinLock for its own lifetime. Context: task or irq.
template <LockRank kRank>
class EBPF_SCOPED_CAPABILITY SpinGuard : public NonCopyable {
 public:
  explicit SpinGuard(SpinLock<kRank>& lock) EBPF_ACQUIRE(lock)
      : lock_(lock), irq_(lock.Lock()) {}
  ~SpinGuard() EBPF_RELEASE() { lock_.Unlock(irq_); }

 private:
  SpinLock<kRank>& lock_;
  const uintptr_t irq_;
};

}  // namespace ebpf
