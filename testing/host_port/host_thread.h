// SPDX-License-Identifier: MIT
//
// What the host port keeps for each thread; for its own files only.
#pragma once

#include <signal.h>
#include <stdint.h>

namespace ebpf::host {

inline constexpr uint32_t kMaxHeldLocks = 32;

/// Plain data: signal handlers use it. Volatile where a handler of the same
/// thread changes what the thread is looking at.
struct Thread {
  uint32_t cpu_plus_one;              // 0: not a CPU
  volatile uint32_t irq_depth;        // > 0: interrupts are masked
  volatile uint32_t preempt_depth;    // > 0: preemption is off
  volatile sig_atomic_t ipi_pending;  // came while interrupts were masked
  volatile uint32_t held_lock_count;  // spin locks, of all trap levels
  volatile uint32_t rank_base;        // where this trap level's locks begin
  uint8_t held_ranks[kMaxHeldLocks];
  volatile uint32_t in_detour;   // which gives back its interrupts
  volatile uint32_t trap_depth;  // breakpoint traps that are being handled
  const void* volatile interrupted_regs;  // while timers expire in a tick
};

/// constinit: nothing has to be asked or called before it is used.
extern constinit thread_local Thread t_thread;

/// Panics unless the caller is in task context: interrupts on, preemption on,
/// no spin lock held, in no trap. `what` names the function called.
void RequireTaskContext(const char* what);

/// Code that is never waited for: the kernel's own.
inline constexpr uintptr_t kNowhere = 0;

/// Answers an interrupt from another CPU that came while they were masked.
/// Called when they are unmasked; the thread then goes on at `pc`.
void TakePendingIpi(uintptr_t pc);

/// Runs at most so many of the timers that are due here; how many. Interrupts
/// are on, or masked in a tick.
uint64_t RunExpired(uint64_t most);

/// Sends `signal` to the thread of each CPU.
void SignalCpus(int signal);

/// A trap's handler must not be interrupted between its end and the return to
/// what it had interrupted: only that is told of the thread.
void BlockIpi(sigset_t* mask);

}  // namespace ebpf::host
