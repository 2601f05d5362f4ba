// SPDX-License-Identifier: MIT
//
// Alien, as the guest kernel sees it.
#include "testing/guest/kernel/personality.h"

#include "testing/guest/kernel/kernel.h"
#include "testing/guest/personalities/alien/address_space.h"
#include "testing/guest/personalities/alien/ksyms.h"
#include "testing/guest/personalities/alien/stack_check.h"

namespace guest::personality {

constinit const char kName[] = "Alien";
constinit const size_t kStackSize = 0x2000;
constinit const bool kHasTaskNames = true;
constinit const bool kCanPreempt = false;
constinit const bool kStacksHaveOneSize = true;
constinit const bool kStacksAreKnown = true;

void ProtectImage() {
  alien::BuildKernelAddressSpace();
  alien::BuildKsyms();
}

void StartedCpu(uint32_t /*cpu*/) {}

void StartedThread(Thread* thread) { alien::WatchStack(thread); }

void OnIpi(uint32_t /*cpu*/, uintptr_t /*pc*/, uintptr_t /*sp*/) {
  Panic("Alien has no interrupts between CPUs");
}

// check_timer_queue is empty: the kernel's timer interrupt only re-arms.
void OnTick(uint32_t /*cpu*/) {}

}  // namespace guest::personality
