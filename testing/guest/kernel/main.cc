// SPDX-License-Identifier: MIT
//
// The course of an image: memory, protection, CPUs, tests, end.
#include <stdint.h>

#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

void RunImage(void* /*argument*/) {
  const bool passed = RunTests();
  if (passed) {
    PrintLine("[TEST] PASS");
  }
  FlushConsole();
  machine::Exit(passed ? 0 : 1);
}

/// What every CPU does once it has its stack.
void RunCpu(uint32_t cpu) {
  AdoptBootThread(cpu);
  personality::StartedCpu(cpu);
  machine::StartTimer(kTickHertz);
  machine::IrqEnable();
  Idle();
}

void StartOtherCpus() {
  const size_t pages = personality::kStackSize / kPageSize;
  for (uint32_t cpu = 1; cpu < machine::CpuCount(); ++cpu) {
    auto* stack = static_cast<uint8_t*>(AllocatePages(pages, pages));
    if (stack == nullptr ||
        !machine::StartCpu(cpu, stack + personality::kStackSize, RunCpu)) {
      Panic("a CPU does not start");
    }
    while (OnlineCpus() < cpu) {
      machine::Relax();
    }
  }
}

}  // namespace

extern "C" void GuestMain() {
  InitMemory(machine::FreeRam());
  personality::ProtectImage();
  StartOtherCpus();
  Line() << "guest kernel as " << personality::kName << " on " << machine::kName
         << ", CPUs: " << machine::CpuCount();
  if (Spawn("init", 0, RunImage, nullptr) == nullptr) {
    Panic("no memory for the first thread");
  }
  RunCpu(0);
  __builtin_unreachable();
}

}  // namespace guest
