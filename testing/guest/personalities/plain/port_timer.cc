// SPDX-License-Identifier: MIT
//
// core/platform/timer.h, and calls of other CPUs: at each CPU's ticks. A list
// under a lock, since timers are started in interrupts, too; whoever holds it
// takes no probes, whose programs might start one.
#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/timer.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/cpu.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

constexpr uint64_t kAnyCpu = ~uint64_t{0};
constexpr int kMinusNoSuchDevice = -6;
constexpr int kMinusBusy = -16;
constexpr uint64_t kPatienceNs = 1'000'000'000;
/// Timers that expire at one tick; the rest does at the next.
constexpr int kMostExpired = 16;

/// What ebpf_timer::port is here.
struct Node {
  ebpf_timer* next;
  uint64_t deadline;
  uint64_t cpu;
  uint32_t pending;
  uint32_t running;
};
static_assert(sizeof(Node) <= sizeof(ebpf_timer::port));

constinit ebpf::Atomic<bool> is_locked{false};
constinit ebpf_timer* first = nullptr;

EBPF_NOPROBE_INLINE Node& NodeOf(ebpf_timer* timer) {
  return *reinterpret_cast<Node*>(timer->port);
}

/// Interrupts are off, up to the Unlock.
EBPF_NOPROBE_INLINE void Lock() {
  while (is_locked.Exchange(true, ebpf::kAcquire)) {
    Pause();
  }
}
EBPF_NOPROBE_INLINE void Unlock() { is_locked.Store(false, ebpf::kRelease); }

EBPF_NOPROBE_INLINE bool Remove(ebpf_timer* timer) {
  Node& node = NodeOf(timer);
  if (node.pending == 0) {
    return false;
  }
  ebpf_timer** at = &first;
  while (*at != timer) {
    at = &NodeOf(*at).next;
  }
  *at = node.next;
  node.pending = 0;
  return true;
}

/// The first one for `cpu` that is due, taken out of the list.
EBPF_NOPROBE ebpf_timer* TakeExpired(uint32_t cpu, uint64_t now) {
  Lock();
  ebpf_timer* earliest = nullptr;
  for (ebpf_timer* timer = first; timer != nullptr;
       timer = NodeOf(timer).next) {
    const Node& node = NodeOf(timer);
    if (node.deadline <= now && (node.cpu == kAnyCpu || node.cpu == cpu) &&
        (earliest == nullptr || node.deadline < NodeOf(earliest).deadline)) {
      earliest = timer;
    }
  }
  if (earliest != nullptr) {
    Remove(earliest);
    ++NodeOf(earliest).running;
  }
  Unlock();
  return earliest;
}

EBPF_NOPROBE void HasRun(ebpf_timer* timer) {
  Lock();
  --NodeOf(timer).running;
  Unlock();
}

EBPF_NOPROBE void Start(ebpf_timer* timer, uint64_t deadline, uint64_t cpu) {
  Lock();
  Remove(timer);
  Node& node = NodeOf(timer);
  node.next = first;
  node.deadline = deadline;
  node.cpu = cpu;
  node.pending = 1;
  first = timer;
  Unlock();
}

EBPF_NOPROBE int Stop(ebpf_timer* timer) {
  Lock();
  const bool was_pending = Remove(timer);
  const bool runs = NodeOf(timer).running != 0;
  Unlock();
  return runs ? -1 : was_pending;
}

/// A call of one CPU; one at a time.
struct Call {
  void (*function)(void* argument);
  void* argument;
  ebpf::Atomic<bool> returned;
  /// Whose it is, its number + 1; 0: it was taken, or withdrawn.
  ebpf::Atomic<uint32_t> target;
};
constinit Call call = {};
constinit ebpf::Atomic<bool> call_in_use{false};

void Answer(uint32_t cpu) {
  uint32_t self = cpu + 1;
  // Pairs with the release in ebpf_port_call_on_cpu.
  if (call.target.Load(ebpf::kRelaxed) == self &&
      call.target.CompareExchange(self, 0, ebpf::kAcquire)) {
    call.function(call.argument);
    call.returned.Store(true, ebpf::kRelease);
  }
}

void Tick() {
  const uint32_t cpu = machine::CpuId();
  Answer(cpu);
  const uint64_t now = machine::Nanoseconds();
  for (int i = 0; i < kMostExpired; ++i) {
    ebpf_timer* const timer = TakeExpired(cpu, now);
    if (timer == nullptr) {
      break;
    }
    timer->expired(timer);
    HasRun(timer);
  }
}

int CallElsewhere(uint32_t cpu, void (*function)(void* argument),
                  void* argument) {
  call.function = function;
  call.argument = argument;
  call.returned.Store(false, ebpf::kRelaxed);
  call.target.Store(cpu + 1, ebpf::kRelease);  // pairs with Answer's acquire
  const uint64_t until = machine::Nanoseconds() + kPatienceNs;
  while (!call.returned.Load(ebpf::kAcquire)) {
    uint32_t target = cpu + 1;
    if (machine::Nanoseconds() > until &&
        call.target.CompareExchange(target, 0, ebpf::kRelaxed)) {
      return kMinusBusy;
    }
    if (!Yield()) {
      machine::Relax();
    }
  }
  return 0;
}

}  // namespace

void StartTimers() { AddTickHook(Tick); }

}  // namespace guest::plain

using namespace guest;
using namespace guest::plain;

extern "C" {

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t flags) {
  const uintptr_t irqs = machine::IrqSave();
  const bool is_here = (flags & EBPF_TIMER_THIS_CPU) != 0;
  Start(timer, deadline_ns, is_here ? machine::CpuId() : kAnyCpu);
  machine::IrqRestore(irqs);
  return true;
}

int ebpf_port_timer_stop(ebpf_timer* timer) {
  const uintptr_t irqs = machine::IrqSave();
  const int result = Stop(timer);
  machine::IrqRestore(irqs);
  return result;
}

const void* ebpf_port_interrupted_regs(bool* in_user) {
  *in_user = false;
  return InterruptedFrame();  // begins with Linux's registers
}

int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument) {
  if (cpu >= OnlineCpus()) {
    return kMinusNoSuchDevice;
  }
  const uintptr_t irqs = machine::IrqSave();
  const bool is_own = machine::CpuId() == cpu;
  if (is_own) {
    function(argument);
  }
  machine::IrqRestore(irqs);
  if (is_own) {
    return 0;
  }
  while (call_in_use.Exchange(true, ebpf::kAcquire)) {
    if (!Yield()) {
      machine::Relax();
    }
  }
  const int result = CallElsewhere(cpu, function, argument);
  call_in_use.Store(false, ebpf::kRelease);
  return result;
}

}  // extern "C"
