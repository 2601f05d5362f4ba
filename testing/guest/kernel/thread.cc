// SPDX-License-Identifier: MIT
//
// Turns of threads: one queue per CPU, first in, first out.
#include "testing/guest/kernel/thread.h"

#include "core/base/construct.h"
#include "core/base/memory.h"
#include "testing/guest/kernel/event.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/trace_events.h"

// Where core is linked: a task's end is told.
extern "C" [[gnu::weak]] void ebpf_task_exit(uint64_t stack_begin,
                                             uint64_t stack_end);

namespace guest {
namespace {

// In memory, since a call of nothing, at 0, is out of a call's reach.
void (*const volatile task_exit)(uint64_t, uint64_t) = &ebpf_task_exit;

struct CpuState {
  ThisCpu shown;
  SpinLock lock;  // of the queue
  Thread* first = nullptr;
  Thread* last = nullptr;
  Thread boot_thread;
  Thread* current = nullptr;
  Thread* leaving = nullptr;  // finished, its stack still in use
  ebpf::Atomic<uint64_t> ticks{0};
  ebpf::Atomic<uint64_t> switches{0};
  ebpf::Atomic<bool> turn_over{false};
};

constinit CpuState cpus[kMaxCpus] = {};
constinit ebpf::Atomic<uint32_t> next_id{1};
constinit ebpf::Atomic<uint32_t> online{0};
constinit ebpf::Atomic<bool> is_preemptive{false};

// All threads but those of boot.
constinit SpinLock all_lock;
constinit Thread* all_threads = nullptr;

// The lowest bytes of a stack, after a word that is the personality's. They
// are checked when the thread is gone.
constexpr size_t kCanaryOffset = 16;
constexpr size_t kCanarySize = 112;
constexpr uint8_t kCanary = 0xca;

void SetName(Thread* thread, ebpf::StringView name) {
  const size_t size = ebpf::Min(name.size(), kMaxThreadName - 1);
  ebpf::CopyBytes(thread->name, name.data(), size);
  thread->name[size] = '\0';
}

void Enqueue(CpuState& cpu, Thread* thread) {
  SpinLockGuard guard(cpu.lock);
  thread->next = nullptr;
  if (cpu.first == nullptr) {
    cpu.first = thread;
  } else {
    cpu.last->next = thread;
  }
  cpu.last = thread;
}

Thread* Dequeue(CpuState& cpu) {
  SpinLockGuard guard(cpu.lock);
  Thread* thread = cpu.first;
  if (thread != nullptr) {
    cpu.first = thread->next;
  }
  return thread;
}

void AddToAll(Thread* thread) {
  SpinLockGuard guard(all_lock);
  thread->next_of_all = all_threads;
  all_threads = thread;
}

void RemoveFromAll(const Thread* thread) {
  SpinLockGuard guard(all_lock);
  Thread** link = &all_threads;
  while (*link != thread) {
    link = &(*link)->next_of_all;
  }
  *link = thread->next_of_all;
}

/// Goes on with `next`, on this CPU. Interrupts are off.
void SwitchTo(CpuState& cpu, Thread* next, Stop why) {
  Thread* previous = cpu.current;
  cpu.switches.FetchAdd(1, ebpf::kRelaxed);
  TellSwitch(*previous, *next, why);
  cpu.current = next;
  cpu.turn_over.Store(false, ebpf::kRelaxed);
  machine::SwitchThread(&previous->context, &next->context);
}

void ThreadMain(void* argument) {
  auto* thread = static_cast<Thread*>(argument);
  machine::IrqEnable();
  thread->entry(thread->argument);
  if (thread->preempt_disabled != 0) {
    Panic("a thread ended with preemption disabled");
  }
  TellThreadEnds(*thread);
  (void)machine::IrqSave();
  // The boot thread, on its own stack, says that this one is finished.
  CpuState& cpu = cpus[thread->cpu];
  cpu.leaving = thread;
  SwitchTo(cpu, &cpu.boot_thread, Stop::kEnds);
  Panic("a finished thread ran");
}

void CheckMaySwitch(const CpuState& cpu) {
  if (cpu.current->preempt_disabled != 0 || cpu.shown.preempt_disabled != 0) {
    Panic("a thread yields with preemption disabled");
  }
}

size_t StackPages() { return personality::kStackSize / kPageSize; }

void TellEnd(const Thread& thread) {
  if (auto* const tell = task_exit) {
    const auto stack = reinterpret_cast<uintptr_t>(thread.stack);
    tell(stack, stack + personality::kStackSize);
  }
}

void CheckStack(const Thread* thread) {
  auto* canary = static_cast<const uint8_t*>(thread->stack) + kCanaryOffset;
  for (size_t i = 0; i < kCanarySize; ++i) {
    if (canary[i] != kCanary) {
      Panic("a thread's stack overflowed");
    }
  }
}

}  // namespace

Thread* Spawn(ebpf::StringView name, uint32_t cpu,
              void (*entry)(void* argument), void* argument, uint32_t group) {
  void* memory = Allocate(sizeof(Thread), alignof(Thread));
  if (memory == nullptr) {
    return nullptr;
  }
  auto* stack =
      static_cast<uint8_t*>(AllocatePages(StackPages(), StackPages()));
  if (stack == nullptr) {
    Free(memory, sizeof(Thread), alignof(Thread));
    return nullptr;
  }
  ebpf::FillBytes(stack + kCanaryOffset, kCanary, kCanarySize);
  auto* thread = ebpf::ConstructAt<Thread>(memory);
  SetName(thread, name);
  thread->id = next_id.FetchAdd(1, ebpf::kRelaxed);
  thread->group = group != 0 ? group : thread->id;
  thread->cpu = cpu;
  thread->entry = entry;
  thread->argument = argument;
  thread->stack = stack;
  machine::PrepareThread(&thread->context, stack + personality::kStackSize,
                         ThreadMain, thread);
  personality::StartedThread(thread);
  AddToAll(thread);
  TellNewThread(*thread);
  Enqueue(cpus[cpu], thread);
  return thread;
}

void Join(Thread* thread) {
  // Pairs with the release in Idle().
  while (!thread->finished.Load(ebpf::kAcquire)) {
    YieldOrWait();
  }
  RemoveFromAll(thread);
  CheckStack(thread);
  TellThreadGone(*thread);
  FreePages(thread->stack, StackPages());
  Free(thread, sizeof(Thread), alignof(Thread));
}

Thread* CurrentThread() { return cpus[machine::CpuId()].current; }

bool Yield() {
  const uintptr_t state = machine::IrqSave();
  CpuState& cpu = cpus[machine::CpuId()];
  Thread* current = cpu.current;
  CheckMaySwitch(cpu);
  Thread* next = Dequeue(cpu);
  if (next == nullptr && cpu.leaving != nullptr) {
    next = &cpu.boot_thread;
  }
  if (next != nullptr) {
    if (current != &cpu.boot_thread) {
      Enqueue(cpu, current);
    }
    SwitchTo(cpu, next, Stop::kReady);
  }
  machine::IrqRestore(state);
  return next != nullptr;
}

void Event::Wait() {
  const uintptr_t state = machine::IrqSave();
  CpuState& cpu = cpus[machine::CpuId()];
  CheckMaySwitch(cpu);
  bool wait = false;
  {
    SpinLockGuard guard(lock_);
    wait = !set_;
    set_ = false;
    waiter_ = wait ? cpu.current : nullptr;
  }
  if (wait) {
    // Set() may have queued this thread already; interrupts are off, so that
    // nobody but this CPU takes it from the queue.
    Thread* next = Dequeue(cpu);
    if (next != cpu.current) {
      SwitchTo(cpu, next != nullptr ? next : &cpu.boot_thread, Stop::kWaits);
    }
  }
  machine::IrqRestore(state);
}

void Event::Set() {
  SpinLockGuard guard(lock_);
  if (waiter_ == nullptr) {
    set_ = true;
    return;
  }
  TellWakeup(*waiter_);  // before it can run, and be gone
  Enqueue(cpus[waiter_->cpu], waiter_);
  waiter_ = nullptr;
}

void SafePoint() {
  CpuState& cpu = cpus[machine::CpuId()];
  if (cpu.turn_over.Load(ebpf::kRelaxed)) {
    Yield();
  }
}

void SetPreemptive(bool preemptive) {
  is_preemptive.Store(preemptive, ebpf::kRelaxed);
}

bool IsPreemptive() { return is_preemptive.Load(ebpf::kRelaxed); }

void PreemptIfDue() {
  const CpuState& cpu = cpus[machine::CpuId()];
  // The boot thread first sees to the one that is leaving: another might leave
  // meanwhile.
  const bool is_needed =
      cpu.current == &cpu.boot_thread && cpu.leaving != nullptr;
  if (IsPreemptive() && cpu.turn_over.Load(ebpf::kRelaxed) &&
      cpu.current->preempt_disabled == 0 && cpu.shown.preempt_disabled == 0 &&
      !is_needed) {
    Yield();
  }
}

Interruption::Interruption(uintptr_t pc)
    : thread_(CurrentThread()), place_{pc, thread_->interrupted} {
  thread_->interrupted = &place_;
}

Interruption::~Interruption() { thread_->interrupted = place_.below; }

void ForEachInterruption(void (*see)(void* argument, uintptr_t pc),
                         void* argument) {
  const auto see_those_of = [&](const Thread& thread) {
    for (const InterruptedPlace* place = thread.interrupted; place != nullptr;
         place = place->below) {
      see(argument, place->pc);
    }
  };
  for (const CpuState& cpu : cpus) {
    see_those_of(cpu.boot_thread);
  }
  // Nobody holds the lock: it is held with interrupts off.
  for (const Thread* thread = all_threads; thread != nullptr;
       thread = thread->next_of_all) {
    see_those_of(*thread);
  }
}

void YieldOrWait() {
  if (!Yield()) {
    (void)machine::IrqSave();
    machine::WaitForInterrupt();
  }
}

void SleepTicks(uint64_t ticks) {
  const uint32_t cpu = machine::CpuId();
  const uint64_t end = TickCount(cpu) + ticks;
  while (TickCount(cpu) < end) {
    YieldOrWait();
  }
}

uint64_t TickCount(uint32_t cpu) {
  return cpus[cpu].ticks.Load(ebpf::kRelaxed);
}

uint64_t SwitchCount(uint32_t cpu) {
  return cpus[cpu].switches.Load(ebpf::kRelaxed);
}

void PreemptDisable() { ++CurrentThread()->preempt_disabled; }

void PreemptEnable() {
  Thread* thread = CurrentThread();
  if (thread->preempt_disabled == 0) {
    Panic("preemption is enabled more often than disabled");
  }
  --thread->preempt_disabled;
}

uint32_t OnlineCpus() { return online.Load(ebpf::kAcquire); }

void AdoptBootThread(uint32_t cpu) {
  Thread& thread = cpus[cpu].boot_thread;
  SetName(&thread, "idle");
  thread.cpu = cpu;
  cpus[cpu].current = &thread;
  machine::SetThisCpu(&cpus[cpu].shown);
  personality::StartedThread(&thread);
  // Pairs with the acquire in OnlineCpus().
  online.FetchAdd(1, ebpf::kRelease);
}

void Idle() {
  CpuState& cpu = cpus[machine::CpuId()];
  for (;;) {
    if (Thread* thread = cpu.leaving) {
      TellEnd(*thread);
      // Pairs with the acquire in Join(), which frees it.
      thread->finished.Store(true, ebpf::kRelease);
      // Not before: while there is one, nobody preempts this thread, which is
      // in no queue and would not come back to say it.
      cpu.leaving = nullptr;
    }
    YieldOrWait();
  }
}

void TickThreads(uint32_t cpu) {
  cpus[cpu].ticks.FetchAdd(1, ebpf::kRelaxed);
  cpus[cpu].turn_over.Store(true, ebpf::kRelaxed);
}

}  // namespace guest
