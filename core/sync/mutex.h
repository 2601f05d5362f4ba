// SPDX-License-Identifier: MIT
//
// Mutual exclusion of tasks for longer operations: registering, patching.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/thread_annotations.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"

namespace ebpf {

/// Held with interrupts on, over allocation and rendezvous. A port has no wait
/// queue for us, so waiters spin with ebpf_port_relax, which a port may let
/// yield in task context; holders are few and rare (attach, detach, grace
/// periods). Who came first has it first: who attaches and detaches without an
/// end keeps nobody waiting for longer than its turn. Context: task, interrupts
/// on.
class EBPF_CAPABILITY("mutex") Mutex : public NonCopyable {
 public:
  constexpr Mutex() = default;

  void Lock() EBPF_ACQUIRE() {
    const uint32_t turn = next_turn_.FetchAdd(1, kRelaxed);
    while (turn_.Load(kAcquire) != turn) {  // pairs with Unlock's release
      ebpf_port_relax();
    }
  }
  void Unlock() EBPF_RELEASE() {
    turn_.Store(turn_.Load(kRelaxed) + 1, kRelease);
  }

  /// How many hold it or wait for it, a moment ago.
  uint32_t CountForTest() const {
    return next_turn_.Load(kRelaxed) - turn_.Load(kRelaxed);
  }

 private:
  Atomic<uint32_t> next_turn_{0};
  Atomic<uint32_t> turn_{0};  // whose it is
};

class EBPF_SCOPED_CAPABILITY MutexGuard : public NonCopyable {
 public:
  explicit MutexGuard(Mutex& mutex) EBPF_ACQUIRE(mutex) : mutex_(mutex) {
    mutex.Lock();
  }
  ~MutexGuard() EBPF_RELEASE() { mutex_.Unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace ebpf
