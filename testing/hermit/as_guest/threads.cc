// SPDX-License-Identifier: MIT
//
// Clock and threads of the guest kernel, as Hermit's tasks.
#include "core/platform/time.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/hermit/application/application.h"

namespace guest {
namespace {

constexpr size_t kMaxThreads = 8;
constinit Thread threads[kMaxThreads] = {};

/// More, and Hermit blocks the task; less, and it spins.
constexpr uint64_t kTickMicroseconds = 10'000;

void Run(uintptr_t argument) {
  auto& self = *reinterpret_cast<Thread*>(argument);
  hermit::LetInterruptsIn();
  self.entry(self.argument);
  self.finished.Store(true, ebpf::kRelease);
}

}  // namespace

namespace machine {

uint32_t CpuId() { return 0; }

uint64_t Nanoseconds() { return ebpf_port_time_ns(); }

}  // namespace machine

uint32_t OnlineCpus() { return 1; }

// By one task at a time.
Thread* Spawn(ebpf::StringView /*name*/, uint32_t cpu,
              void (*entry)(void* argument), void* argument,
              uint32_t /*group*/) {
  for (Thread& thread : threads) {
    if (thread.entry != nullptr) {
      continue;
    }
    thread.entry = entry;
    thread.argument = argument;
    thread.finished.Store(false, ebpf::kRelaxed);
    const int32_t task =
        cpu == 0 ? hermit::Spawn(&Run, reinterpret_cast<uintptr_t>(&thread))
                 : -1;
    if (task < 0) {
      thread.entry = nullptr;
      return nullptr;
    }
    thread.id = static_cast<uint32_t>(task);
    return &thread;
  }
  return nullptr;
}

void Join(Thread* thread) {
  sys_join(static_cast<int32_t>(thread->id));
  thread->entry = nullptr;
}

// At each interrupt.
bool IsPreemptive() { return true; }

bool Yield() {
  sys_yield();
  return true;
}

// Hermit's tasks have no turns.
void SafePoint() {}

void YieldOrWait() { sys_yield(); }

void SleepTicks(uint64_t ticks) { sys_usleep(ticks * kTickMicroseconds); }

}  // namespace guest
