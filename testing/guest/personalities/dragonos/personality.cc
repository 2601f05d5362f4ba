// SPDX-License-Identifier: MIT
//
// DragonOS's memory map and per-thread word, for the guest kernel.
#include "testing/guest/kernel/personality.h"

#include "core/base/string_view.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/clock.h"
#include "testing/guest/personalities/dragonos/cpu.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/user_space.h"

namespace guest::personality {
const char kName[] = "DragonOS";
const size_t kStackSize = dragonos::kStackSize;
const bool kHasTaskNames = true;
const bool kCanPreempt = true;
const bool kStacksHaveOneSize = true;

void ProtectImage() {
  if (!dragonos::ProtectRamAndImage()) {
    Panic("the image cannot be protected");
  }
}

void StartedCpu(uint32_t cpu) {
  if (cpu != 0) {
    return;
  }
  if (ebpf::StringView(dragonos::BootArguments()) == "preemptive") {
    SetPreemptive(true);
  }
  // A process's memory, for all tasks.
  constexpr size_t kSize = dragonos::kUserEnd - dragonos::kUserBegin;
  void* pages = AllocatePages(kSize / kPageSize);
  const auto virt = reinterpret_cast<uintptr_t>(pages);
  if (pages == nullptr ||
      !machine::Map(dragonos::kUserBegin, virt - machine::DirectMapBase(),
                    kSize, machine::kWrite)) {
    Panic("no memory for a process");
  }
}

void StartedThread(Thread* thread) {
  // The boot thread of a CPU is on its stack now; a new one is not yet.
  const uintptr_t inside =
      thread->stack != nullptr
          ? reinterpret_cast<uintptr_t>(thread->stack)
          : reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  *dragonos::CurrentWord(inside) = thread;
}

void OnIpi(uint32_t /*cpu*/, uintptr_t /*pc*/, uintptr_t /*sp*/) {
  // The only interprocessor interrupt is the port's on x86-64, and traps.cc
  // takes it.
  Panic("an interprocessor interrupt nobody sent");
}

void OnTick(uint32_t /*cpu*/) { dragonos::TickClock(); }

}  // namespace guest::personality
