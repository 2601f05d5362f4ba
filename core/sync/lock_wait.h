// SPDX-License-Identifier: MIT
//
// Waiting for a spin lock that another CPU holds, and seeing that it waits for
// us: lock_wait.cc tells how.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// What SpinLock's word is: the holder's CPU number + 1, or 0.
using LockHolder = Atomic<uint32_t>;

/// Takes a lock that was not free, for the holder number `self`. Waits without
/// end, and so never for what was interrupted. Interrupts are masked.
/// Context: task or irq.
void WaitForLock(LockHolder& holder, uint32_t self);

/// The same, but false: `self` holds it already; its holder waits for a lock of
/// `self`'s, itself or through others; or it took too long. Context: any.
[[nodiscard]] bool TryToWaitForLock(LockHolder& holder, uint32_t self);

/// One CPU's wait, try by try. Interrupts are masked. Context: any.
class LockWait : public NonCopyable {
 public:
  /// For the holder number `self`.
  explicit LockWait(uint32_t self);
  ~LockWait();

  /// To be called at each try, with whose the lock is now. Whether this wait is
  /// sure to have no end.
  bool IsInVain(uint32_t holder);

 private:
  void Tell(uint32_t holder);
  void StartAt(uint32_t holder);
  void GoTo(uint32_t holder);

  const uint32_t self_;
  Atomic<uint64_t>* const word_;
  uint32_t first_ = 0;   // the lock's holder
  uint32_t rounds_ = 0;  // that ended at ourselves
  uint32_t steps_ = 0;   // in this round
  // Whose word is looked at, what it was, and how often it was told meanwhile.
  Atomic<uint64_t>* at_ = nullptr;
  uint64_t seen_ = 0;
  uint32_t told_ = 0;
};

}  // namespace ebpf
