// SPDX-License-Identifier: MIT
//
// Alien's locks: interrupts off while held, not reentrant, and deadly in a
// probe, which may have interrupted their own bookkeeping.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"

namespace guest::alien {

/// What ksync keeps of the one hart, in a RefCell.
struct Hart {
  uint32_t depth = 0;
  bool interrupts_were_on = false;
  bool borrowed = false;
};

/// ksync::Mutex. Locking it twice, or in a probe, ends the guest as it would
/// end the kernel.
class Mutex {
 public:
  constexpr explicit Mutex(const char* name) : name_(name) {}

  void Lock();
  void Unlock();
  bool locked() const { return locked_; }

 private:
  const char* const name_;
  bool locked_ = false;
};

class MutexGuard {
 public:
  explicit MutexGuard(Mutex& mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexGuard() { mutex_.Unlock(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

/// ksync's record of the hart, borrowed until push_off or pop_off give it back;
/// who finds it borrowed panics.
extern "C" Hart* mycpu();

/// How many ProbeScopes live.
extern uint32_t probes_running;

/// While one of these lives the port's trap hooks run. Part of the functions
/// that have one: those the port knows by name, and keeps free of probes.
class ProbeScope {
 public:
  EBPF_NOPROBE_INLINE ProbeScope() { ++probes_running; }
  EBPF_NOPROBE_INLINE ~ProbeScope() { --probes_running; }
  ProbeScope(const ProbeScope&) = delete;
  ProbeScope& operator=(const ProbeScope&) = delete;
};

/// The locks that the port's functions take.
extern Mutex heap_lock;
extern Mutex kernel_space_lock;
extern Mutex task_lock;

}  // namespace guest::alien
