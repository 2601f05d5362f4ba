// SPDX-License-Identifier: MIT
//
// Kernel threads: pinned to a CPU, taking turns at safe points.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "testing/guest/kernel/machine.h"

namespace guest {

inline constexpr size_t kMaxThreadName = 32;

/// Ticks per second on each CPU.
inline constexpr uint32_t kTickHertz = 250;

/// Where an interrupt's handler will go on, and the handler below it. Lives on
/// the stack of the handler's thread.
struct InterruptedPlace {
  uintptr_t pc;
  const InterruptedPlace* below;
};

/// A thread, and what a personality shows of it as a task.
struct Thread {
  machine::ThreadContext context = {};
  Thread* next = nullptr;  // in its CPU's queue of ready threads
  Thread* next_of_all = nullptr;
  const InterruptedPlace* interrupted = nullptr;
  void* stack = nullptr;  // null: the boot stack of a CPU
  void (*entry)(void* argument) = nullptr;
  void* argument = nullptr;
  uint32_t id = 0;     // a task's pid, unique
  uint32_t group = 0;  // a task's tgid
  uint32_t cpu = 0;
  uint32_t preempt_disabled = 0;  // changed by this thread only
  ebpf::Atomic<bool> finished{false};
  char name[kMaxThreadName] = {};
};

/// What a CPU's register of its own points to, where it has one to spare
/// (machine::SetThisCpu).
struct ThisCpu {
  /// While it is not 0 the CPU keeps to its thread, as by PreemptDisable.
  volatile uint32_t preempt_disabled = 0;
};

/// Starts a thread on `cpu` that runs `entry(argument)` with interrupts on.
/// `group` 0: a group of its own. Null if there is no memory. The caller owns
/// it until Join(). Context: task.
[[nodiscard]] Thread* Spawn(ebpf::StringView name, uint32_t cpu,
                            void (*entry)(void* argument), void* argument,
                            uint32_t group = 0);

/// Waits until `thread` has returned from its entry, and frees it.
/// Context: task.
void Join(Thread* thread);

/// The thread that runs this. Context: any, on a thread's stack or not.
Thread* CurrentThread();

/// Lets another ready thread of this CPU run; false if there is none. Panics
/// where preemption is disabled. Context: task, interrupts on.
bool Yield();

/// Yields if this thread's turn is over. Context as Yield().
void SafePoint();

/// Yields, or waits for the next interrupt if nobody else is ready.
void YieldOrWait();

/// Waits for at least `ticks` ticks of this CPU.
void SleepTicks(uint64_t ticks);

/// Ticks that `cpu` has had. Context: any.
uint64_t TickCount(uint32_t cpu);

/// How often `cpu` has gone from one thread to another. Context: any.
uint64_t SwitchCount(uint32_t cpu);

/// Whether a thread whose turn is over is switched away wherever an interrupt
/// finds it, if it has not disabled preemption. Off until a personality turns
/// it on.
void SetPreemptive(bool preemptive);
bool IsPreemptive();

/// To be called by a personality at the end of an interrupt, interrupts off:
/// lets the next thread run if this one's turn is over and the kernel preempts.
void PreemptIfDue();

/// While one lives, the thread that runs is known to go on at `pc`, whether it
/// is switched away meanwhile or not. For a personality's handler of
/// interrupts. Context: irq, interrupts off.
class Interruption {
 public:
  explicit Interruption(uintptr_t pc);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  Thread* thread_;
  InterruptedPlace place_;
};

/// Calls `see(argument, pc)` for each Interruption of all threads. Context: all
/// other CPUs stand still, at places where interrupts are on.
void ForEachInterruption(void (*see)(void* argument, uintptr_t pc),
                         void* argument);

/// Forbid and allow that this thread yields; they nest. Context: any.
void PreemptDisable();
void PreemptEnable();

/// CPUs that run threads.
uint32_t OnlineCpus();

/// How many calls may be between two places of a function that
/// `threads_per_cpu` threads of each CPU call, as seen by a thread that runs:
/// those of threads that were preempted there, and of other CPUs, which the
/// host may have left there at any time. So two counts at these places, a
/// probe's and the function's own, may differ by as many. Context: any.
inline uint64_t CallsInBetween(uint32_t threads_per_cpu) {
  return IsPreemptive() ? uint64_t{OnlineCpus()} * threads_per_cpu
                        : OnlineCpus() - 1;
}

// --- For main.cc and interrupts.cc -----------------------------------------

/// Makes what runs on `cpu` its boot thread, which idles.
void AdoptBootThread(uint32_t cpu);
/// The boot thread's life.
[[noreturn]] void Idle();
void TickThreads(uint32_t cpu);

}  // namespace guest
