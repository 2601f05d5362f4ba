// SPDX-License-Identifier: MIT
//
// core/platform/timer.h: a list under a spin lock, since timers are started in
// interrupts, too. And core/platform/features.h.
#include "testing/host_port/host_timer.h"

#include <time.h>

#include "core/platform/cpu.h"
#include "core/platform/features.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

constexpr uint32_t kAllFeatures =
    EBPF_PORT_USER_NOFAULT | EBPF_PORT_SIGNALS | EBPF_PORT_TIMERS |
    EBPF_PORT_TAI_CLOCK | EBPF_PORT_TASK_VIEW | EBPF_PORT_STACKS |
    EBPF_PORT_VARIABLES | EBPF_PORT_CGROUP_DEVICES | EBPF_PORT_OVERRIDE;
constexpr uint64_t kAnyCpu = ~uint64_t{0};

/// What ebpf_timer::port is here.
struct Node {
  ebpf_timer* next;
  uint64_t deadline;
  uint64_t cpu;
  uint32_t pending;
  uint32_t running;
};
static_assert(sizeof(Node) <= sizeof(ebpf_timer::port));

Node& NodeOf(ebpf_timer* timer) {
  return *reinterpret_cast<Node*>(timer->port);
}

std::atomic<uint32_t> g_features{kAllFeatures};
std::atomic_flag g_lock = ATOMIC_FLAG_INIT;
ebpf_timer* g_first = nullptr;

class Locked {
 public:
  Locked() : irq_(ebpf_port_irq_save()) {
    while (g_lock.test_and_set(std::memory_order_acquire)) {
      ebpf_port_relax();
    }
  }
  ~Locked() {
    g_lock.clear(std::memory_order_release);
    ebpf_port_irq_restore(irq_);
  }

 private:
  const uintptr_t irq_;
};

bool Remove(ebpf_timer* timer) {
  Node& node = NodeOf(timer);
  if (node.pending == 0) {
    return false;
  }
  ebpf_timer** at = &g_first;
  while (*at != timer) {
    at = &NodeOf(*at).next;
  }
  *at = node.next;
  node.pending = 0;
  return true;
}

/// The next one for this CPU that was due at `now`, taken out of the list.
ebpf_timer* TakeExpired(uint64_t now) {
  const Locked locked;
  const uint64_t cpu = ebpf_port_cpu_id();
  ebpf_timer* earliest = nullptr;
  for (ebpf_timer* timer = g_first; timer != nullptr;
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
  return earliest;
}

}  // namespace

namespace host {

uint64_t RunExpired(uint64_t most) {
  const uint64_t now = ebpf_port_time_ns();
  uint64_t count = 0;
  while (count < most) {
    // An interrupt takes a timer out and runs it without a pause.
    const uintptr_t irq = ebpf_port_irq_save();
    ebpf_timer* timer = TakeExpired(now);
    if (timer != nullptr) {
      timer->expired(timer);
      const Locked locked;
      --NodeOf(timer).running;
      ++count;
    }
    ebpf_port_irq_restore(irq);
    if (timer == nullptr) {
      break;
    }
  }
  return count;
}

}  // namespace host

uint64_t RunHostTimers() {
  host::RequireTaskContext("RunHostTimers");
  return host::RunExpired(PendingHostTimers());
}

uint64_t PendingHostTimers() {
  const Locked locked;
  uint64_t count = 0;
  for (ebpf_timer* timer = g_first; timer != nullptr;
       timer = NodeOf(timer).next) {
    ++count;
  }
  return count;
}

HostTimerWorker::HostTimerWorker(uint32_t number)
    : thread_([this, number] {
        HostCpu cpu(number);
        while (!stop_) {
          if (RunHostTimers() == 0) {
            constexpr timespec kTick = {0, 50000};
            nanosleep(&kTick, nullptr);
          }
        }
      }) {}

HostTimerWorker::~HostTimerWorker() {
  stop_ = true;
  thread_.join();
}

void SetHostFeatures(uint32_t features) { g_features = features; }

}  // namespace ebpf

extern "C" {

uint32_t ebpf_port_features(void) { return ebpf::g_features; }

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t flags) {
  using namespace ebpf;
  const Locked locked;
  Remove(timer);
  Node& node = NodeOf(timer);
  node.next = g_first;
  node.deadline = deadline_ns;
  node.cpu = (flags & EBPF_TIMER_THIS_CPU) != 0 ? ebpf_port_cpu_id() : kAnyCpu;
  node.pending = 1;
  g_first = timer;
  return true;
}

int ebpf_port_timer_stop(ebpf_timer* timer) {
  const ebpf::Locked locked;
  const bool was_pending = ebpf::Remove(timer);
  if (ebpf::NodeOf(timer).running != 0) {
    return -1;
  }
  return was_pending ? 1 : 0;
}

const void* ebpf_port_interrupted_regs(bool* in_user) {
  *in_user = false;
  return ebpf::host::t_thread.interrupted_regs;
}

}  // extern "C"
