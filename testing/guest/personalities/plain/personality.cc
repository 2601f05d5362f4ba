// SPDX-License-Identifier: MIT
//
// A kernel with nothing odd: text read-execute and constants read-only by
// pages, the rest of RAM not executable, CPUs that interrupt each other.
#include "testing/guest/kernel/personality.h"

#include "core/base/atomic.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/personalities/plain/cpu.h"
#include "testing/guest/personalities/plain/rendezvous.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

// Set once, by the port, on one CPU.
constinit ebpf::Atomic<void (*)()> tick_hooks[2] = {};

}  // namespace

void AddTickHook(void (*hook)()) {
  const bool is_second = tick_hooks[0].Load(ebpf::kRelaxed) != nullptr;
  tick_hooks[is_second].Store(hook, ebpf::kRelease);
}

}  // namespace guest::plain

namespace guest::personality {

constinit const char kName[] = "plain";
constinit const size_t kStackSize = 0x4000;
constinit const bool kHasTaskNames = true;
constinit const bool kCanPreempt = true;
constinit const bool kStacksHaveOneSize = false;
constinit const bool kStacksAreKnown = true;

void ProtectImage() {
  if (!plain::ProtectRamAndImage()) {
    Panic("no memory for page tables");
  }
}

void StartedCpu(uint32_t /*cpu*/) {}

void StartedThread(Thread* /*thread*/) {}

void OnIpi(uint32_t cpu, uintptr_t /*pc*/, uintptr_t /*sp*/) {
  plain::JoinRendezvous(cpu);
}

void OnTick(uint32_t /*cpu*/) {
  for (ebpf::Atomic<void (*)()>& place : plain::tick_hooks) {
    // Pairs with the release in AddTickHook.
    if (void (*const hook)() = place.Load(ebpf::kAcquire)) {
      hook();
    }
  }
}

}  // namespace guest::personality
