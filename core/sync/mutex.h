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
/// periods). Context: task, interrupts on.
class EBPF_CAPABILITY("mutex") Mutex : public NonCopyable {
 public:
  constexpr Mutex() = default;

  void Lock() EBPF_ACQUIRE() {
    while (held_.Exchange(1, kAcquire) != 0) {  // pairs with Unlock's release
      ebpf_port_relax();
    }
  }
  void Unlock() EBPF_RELEASE() { held_.Store(0, kRelease); }

 private:
  // A word: g++ 12 for RISC-V exchanges bytes by a call into libatomic.
  Atomic<uint32_t> held_{0};
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
