// SPDX-License-Identifier: MIT
//
// core/platform/ticks.h's implementation. A lock, since timers are started in
// interrupts and stopped on other CPUs, too; whoever holds it takes no probes,
// whose programs might start one.
//
// Deadlines are a leftist heap: a program can have as many timers as its maps
// have room for, and no call may look at more than a logarithm of them. A
// node's rank is how many steps the shortest way down to a missing child takes;
// left children have at least the rank of right ones. So the way down by right
// children is at most log2(n + 1) long, merging takes no other, and what ranks
// change above a node that leaves is no more.
#include "core/platform/ticks.h"

#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

constexpr int64_t kPatienceNs = 1'000'000'000;

/// What ebpf_timer::port is here.
struct Node {
  ebpf_timer* left;
  ebpf_timer* right;
  ebpf_timer* above;
  uint64_t deadline;
  uint32_t cpu;
  uint32_t rank;
  bool is_pending;
  /// While it runs it is in no heap: it is pending, if at all, once it has run,
  /// so that it does not run on two CPUs.
  bool is_running;
};
static_assert(sizeof(Node) <= sizeof(ebpf_timer::port));

EBPF_NOPROBE_INLINE Node& NodeOf(ebpf_timer* timer) {
  return *reinterpret_cast<Node*>(timer->port);
}

EBPF_NOPROBE_INLINE uint32_t RankOf(ebpf_timer* timer) {
  return timer == nullptr ? 0 : NodeOf(timer).rank;
}

/// The child of higher rank to the left; whether its rank changed.
EBPF_NOPROBE_INLINE bool Lean(Node& node) {
  if (RankOf(node.left) < RankOf(node.right)) {
    ebpf_timer* const left = node.left;
    node.left = node.right;
    node.right = left;
  }
  const uint32_t rank = RankOf(node.right) + 1;
  const bool changed = rank != node.rank;
  node.rank = rank;
  return changed;
}

/// Of two heaps, either of which may be empty, one.
EBPF_NOPROBE ebpf_timer* Merge(ebpf_timer* one, ebpf_timer* other) {
  ebpf_timer* root = nullptr;
  ebpf_timer* last = nullptr;
  ebpf_timer** link = &root;
  while (one != nullptr && other != nullptr) {
    if (NodeOf(other).deadline < NodeOf(one).deadline) {
      ebpf_timer* const later = one;
      one = other;
      other = later;
    }
    *link = one;
    NodeOf(one).above = last;
    last = one;
    link = &NodeOf(one).right;
    one = *link;
  }
  *link = one == nullptr ? other : one;
  if (*link != nullptr) {
    NodeOf(*link).above = last;
  }
  for (; last != nullptr; last = NodeOf(last).above) {
    Lean(NodeOf(last));
  }
  return root;
}

}  // namespace

EBPF_NOPROBE_INLINE void Ticks::Lock() {
  while (is_locked_.Exchange(true, kAcquire)) {  // pairs with Unlock
    while (is_locked_.Load(kRelaxed)) {
    }
  }
}

EBPF_NOPROBE_INLINE void Ticks::Insert(ebpf_timer* timer) {
  Node& node = NodeOf(timer);
  node.left = nullptr;
  node.right = nullptr;
  node.above = nullptr;
  node.rank = 1;
  earliest_[node.cpu] = Merge(earliest_[node.cpu], timer);
}

EBPF_NOPROBE void Ticks::Remove(ebpf_timer* timer) {
  const Node& node = NodeOf(timer);
  ebpf_timer* const below = Merge(node.left, node.right);
  if (below != nullptr) {
    NodeOf(below).above = node.above;
  }
  if (node.above == nullptr) {
    earliest_[node.cpu] = below;
    return;
  }
  Node& above = NodeOf(node.above);
  (above.left == timer ? above.left : above.right) = below;
  for (ebpf_timer* at = node.above; at != nullptr && Lean(NodeOf(at));
       at = NodeOf(at).above) {
  }
}

EBPF_NOPROBE void Ticks::StartLocked(ebpf_timer* timer, uint64_t deadline_ns,
                                     uint32_t cpu) {
  Lock();
  Node& node = NodeOf(timer);
  if (node.is_pending && !node.is_running) {
    Remove(timer);
  }
  node.deadline = deadline_ns;
  node.cpu = cpu;
  node.is_pending = true;
  if (!node.is_running) {
    Insert(timer);
  }
  Unlock();
}

EBPF_NOPROBE int Ticks::StopLocked(ebpf_timer* timer) {
  Lock();
  Node& node = NodeOf(timer);
  const bool was_pending = node.is_pending;
  const bool is_running = node.is_running;
  if (was_pending && !is_running) {
    Remove(timer);
  }
  node.is_pending = false;
  Unlock();
  return is_running ? -1 : was_pending;
}

EBPF_NOPROBE uint64_t Ticks::NextLocked(uint32_t cpu) {
  Lock();
  ebpf_timer* const timer = earliest_[cpu];
  const uint64_t next = timer == nullptr ? kNever : NodeOf(timer).deadline;
  Unlock();
  return next;
}

/// The earliest timer of `cpu` if it is due; it runs now.
EBPF_NOPROBE ebpf_timer* Ticks::TakeExpired(uint32_t cpu, uint64_t now) {
  Lock();
  ebpf_timer* timer = earliest_[cpu];
  if (timer != nullptr && NodeOf(timer).deadline > now) {
    timer = nullptr;
  }
  if (timer != nullptr) {
    Remove(timer);
    NodeOf(timer).is_pending = false;
    NodeOf(timer).is_running = true;
  }
  Unlock();
  return timer;
}

EBPF_NOPROBE void Ticks::HasRun(ebpf_timer* timer) {
  Lock();
  NodeOf(timer).is_running = false;
  if (NodeOf(timer).is_pending) {
    Insert(timer);
  }
  Unlock();
}

bool Ticks::Start(ebpf_timer* timer, uint64_t deadline_ns) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const uint32_t cpu = ebpf_port_cpu_id();
  const bool has_timers = cpu < kMostCpus;
  if (has_timers) {
    StartLocked(timer, deadline_ns, cpu);
  }
  ebpf_port_irq_restore(interrupts);
  return has_timers;
}

int Ticks::Stop(ebpf_timer* timer) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int result = StopLocked(timer);
  ebpf_port_irq_restore(interrupts);
  return result;
}

uint64_t Ticks::Next() {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const uint32_t cpu = ebpf_port_cpu_id();
  const uint64_t next = cpu < kMostCpus ? NextLocked(cpu) : kNever;
  ebpf_port_irq_restore(interrupts);
  return next;
}

const void* Ticks::InterruptedRegs(bool* in_user) const {
  const uint32_t cpu = ebpf_port_cpu_id();
  const Interrupted here = cpu < kMostCpus ? interrupted_[cpu] : Interrupted{};
  *in_user = here.in_user;
  return here.regs;
}

void Ticks::Tick(const void* regs, bool in_user) {
  const uint32_t cpu = ebpf_port_cpu_id();
  Answer(cpu);
  if (cpu >= kMostCpus) {
    return;
  }
  if (NextLocked(cpu) == kNever) {
    return;  // most ticks of most kernels: nobody's clock is asked
  }
  interrupted_[cpu] = {regs, in_user};
  const uint64_t now = ebpf_port_time_ns();
  for (int i = 0; i < kMostExpired; ++i) {
    ebpf_timer* const timer = TakeExpired(cpu, now);
    if (timer == nullptr) {
      break;
    }
    timer->expired(timer);
    HasRun(timer);
  }
  interrupted_[cpu] = {};
}

void Ticks::Answer(uint32_t cpu) {
  uint32_t self = cpu + 1;
  // Pairs with the release in CallElsewhere.
  if (request_.target.Load(kRelaxed) == self &&
      request_.target.CompareExchange(self, 0, kAcquire)) {
    request_.function(request_.argument);
    request_.returned.Store(true, kRelease);  // pairs with CallElsewhere
  }
}

int Ticks::Call(uint32_t cpu, void (*function)(void* argument), void* argument,
                void (*interrupt)(uint32_t cpu)) {
  if (cpu >= ebpf_port_cpu_count()) {
    return kMinusNoSuchDevice;
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  const bool is_here = ebpf_port_cpu_id() == cpu;
  if (is_here) {
    function(argument);
  }
  ebpf_port_irq_restore(interrupts);
  if (is_here) {
    return 0;
  }
  while (request_in_use_.Exchange(true, kAcquire)) {
    ebpf_port_relax();
  }
  const int result = CallElsewhere(cpu, function, argument, interrupt);
  request_in_use_.Store(false, kRelease);  // pairs with the exchange above
  return result;
}

int Ticks::CallElsewhere(uint32_t cpu, void (*function)(void* argument),
                         void* argument, void (*interrupt)(uint32_t cpu)) {
  request_.function = function;
  request_.argument = argument;
  request_.returned.Store(false, kRelaxed);
  request_.target.Store(cpu + 1, kRelease);  // pairs with Answer's acquire
  if (interrupt != nullptr) {
    interrupt(cpu);
  }
  const uint64_t begin = ebpf_port_time_ns();
  while (!request_.returned.Load(kAcquire)) {  // pairs with Answer's release
    uint32_t target = cpu + 1;
    // Signed: the caller may go on on a CPU whose clock is behind.
    const auto passed = static_cast<int64_t>(ebpf_port_time_ns() - begin);
    if (passed > kPatienceNs &&
        request_.target.CompareExchange(target, 0, kRelaxed)) {
      return kMinusBusy;
    }
    ebpf_port_relax();
  }
  return 0;
}

}  // namespace ebpf
