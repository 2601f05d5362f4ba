// SPDX-License-Identifier: MIT
//
// The guest kernel's lock: fair, and with interrupts off while it is held.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "testing/guest/kernel/machine.h"

namespace guest {

[[noreturn]] void Panic(const char* why);

/// A ticket lock. A CPU that takes one which it holds, in a trap, would wait
/// for ever: it panics instead.
class SpinLock {
 public:
  constexpr SpinLock() = default;

  /// Returns what Unlock() needs.
  [[nodiscard]] uintptr_t Lock() {
    const uintptr_t state = machine::IrqSave();
    const uint32_t self = machine::CpuId() + 1;
    if (owner_.Load(ebpf::kRelaxed) == self) {
      Panic("a lock was taken twice");
    }
    const uint32_t ticket = next_.FetchAdd(1, ebpf::kRelaxed);
    // Pairs with the release in Unlock().
    while (serving_.Load(ebpf::kAcquire) != ticket) {
      machine::Relax();
    }
    owner_.Store(self, ebpf::kRelaxed);
    return state;
  }

  void Unlock(uintptr_t state) {
    owner_.Store(0, ebpf::kRelaxed);
    serving_.Store(serving_.Load(ebpf::kRelaxed) + 1, ebpf::kRelease);
    machine::IrqRestore(state);
  }

 private:
  ebpf::Atomic<uint32_t> next_{0};
  ebpf::Atomic<uint32_t> serving_{0};
  ebpf::Atomic<uint32_t> owner_{0};  // CPU number + 1, or 0
};

/// Holds a lock for a block.
class SpinLockGuard {
 public:
  explicit SpinLockGuard(SpinLock& lock) : lock_(lock), state_(lock.Lock()) {}
  ~SpinLockGuard() { lock_.Unlock(state_); }
  SpinLockGuard(const SpinLockGuard&) = delete;
  SpinLockGuard& operator=(const SpinLockGuard&) = delete;

 private:
  SpinLock& lock_;
  const uintptr_t state_;
};

}  // namespace guest
