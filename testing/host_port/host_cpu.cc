// SPDX-License-Identifier: MIT
//
// Threads as CPUs, interrupt and preemption state (core/platform/cpu.h), and
// the check of contexts.
#include "testing/host_port/host_cpu.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "core/base/assert.h"
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "testing/host_port/host_registry.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace host {

constinit thread_local Thread t_thread = {};

namespace {

uint32_t g_cpu_count = 4;

// The main thread runs this before main(): it is CPU 0 for good.
[[gnu::constructor]] void MakeMainThreadCpu0() { RegisterCpu(0); }

}  // namespace

void RequireTaskContext(const char* what) {
  const Thread& self = t_thread;
  const char* why = nullptr;
  if (self.trap_depth != 0) {
    why = "in a trap";
  } else if (self.held_lock_count != 0) {
    why = "with a spin lock held";
  } else if (self.irq_depth != 0) {
    why = "with interrupts masked";
  } else if (self.preempt_depth != 0) {
    why = "with preemption off";
  }
  if (why != nullptr) {
    static char text[128];
    snprintf(text, sizeof(text), "%s called %s", what, why);
    Panic(text);
  }
}

}  // namespace host

HostCpu::HostCpu(uint32_t cpu) : previous_(host::t_thread.cpu_plus_one) {
  if (cpu >= host::g_cpu_count) {
    Panic("HostCpu: there are not that many CPUs");
  }
  if (previous_ != 0) {
    host::UnregisterCpu(previous_ - 1);
  }
  host::RegisterCpu(cpu);
}

HostCpu::~HostCpu() {
  host::UnregisterCpu(host::t_thread.cpu_plus_one - 1);
  if (previous_ != 0) {
    host::RegisterCpu(previous_ - 1);
  }
}

void SetHostCpuCount(uint32_t count) {
  if (count == 0 || count > kMaxHostCpus) {
    Panic("SetHostCpuCount: 1 to 64");
  }
  host::g_cpu_count = count;
}

bool HostIrqsMasked() { return host::t_thread.irq_depth != 0; }
bool HostPreemptionOff() { return host::t_thread.preempt_depth != 0; }

HostTrap::HostTrap()
    : irq_depth_(host::t_thread.irq_depth),
      rank_base_(host::t_thread.rank_base) {
  host::Thread& self = host::t_thread;
  self.irq_depth = irq_depth_ + 1;
  self.rank_base = self.held_lock_count;
  self.trap_depth = self.trap_depth + 1;
}

HostTrap::~HostTrap() {
  host::Thread& self = host::t_thread;
  if (self.held_lock_count != self.rank_base) {
    Panic("a trap handler returned with a spin lock held");
  }
  if (self.irq_depth != irq_depth_ + 1) {
    Panic("a trap handler returned with its interrupt state changed");
  }
  self.trap_depth = self.trap_depth - 1;
  self.rank_base = rank_base_;
  self.irq_depth = irq_depth_;
  if (irq_depth_ == 0) {
    host::TakePendingIpi(host::kNowhere);
  }
}

}  // namespace ebpf

using ebpf::host::t_thread;

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  if (t_thread.cpu_plus_one == 0) {
    ebpf::Panic("this thread is no CPU: it needs a HostCpu");
  }
  return t_thread.cpu_plus_one - 1;
}

uint32_t ebpf_port_cpu_count(void) { return ebpf::host::g_cpu_count; }

EBPF_NOPROBE uintptr_t ebpf_port_irq_save(void) {
  const uint32_t depth = t_thread.irq_depth;
  t_thread.irq_depth = depth + 1;
  return depth;
}

EBPF_NOPROBE void ebpf_port_irq_restore(uintptr_t state) {
  if (t_thread.irq_depth != state + 1) {
    ebpf::Panic("ebpf_port_irq_restore: not the innermost state");
  }
  t_thread.irq_depth = static_cast<uint32_t>(state);
  if (state == 0) {
    ebpf::host::TakePendingIpi(ebpf::host::kNowhere);
  }
}

EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable(void) {
  const uint32_t depth = t_thread.preempt_depth;
  t_thread.preempt_depth = depth + 1;
  return depth;
}

EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t state) {
  if (t_thread.preempt_depth != state + 1) {
    ebpf::Panic("ebpf_port_preempt_enable: not the innermost state");
  }
  t_thread.preempt_depth = static_cast<uint32_t>(state);
}

void ebpf_port_relax(void) {
  // There are fewer processors than CPUs in most tests, and the machine has
  // other work: who only yields keeps those from running that it waits for.
  constexpr unsigned kYields = 32;
  constexpr timespec kSleep = {0, 50000};
  static thread_local unsigned turn;
  if (++turn % kYields != 0) {
    sched_yield();
  } else {
    nanosleep(&kSleep, nullptr);
  }
}

}  // extern "C"
