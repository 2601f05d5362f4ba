// SPDX-License-Identifier: MIT
//
// One thread waits, anybody wakes it.
#pragma once

#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/thread.h"

namespace guest {

/// Remembers one Set() that came while nobody waited.
class Event {
 public:
  constexpr Event() = default;

  /// Waits for Set(), which may have come already, and resets it. One thread
  /// waits at a time. Context: task.
  void Wait();

  /// Makes the waiter ready. Context: task or irq; it takes locks.
  void Set();

 private:
  SpinLock lock_;
  Thread* waiter_ = nullptr;
  bool set_ = false;
};

}  // namespace guest
