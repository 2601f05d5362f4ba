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
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/user_space.h"
#include "testing/guest/x86_64/boot_arguments.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_text_end[];
extern const char guest_rodata_begin[];
extern const char guest_rodata_end[];
}

namespace guest::personality {
namespace {

/// Gives [begin, end) of the image a protection, by 4 KiB pages.
void Protect(const char* begin, const char* end, uint32_t protection) {
  const auto virt = reinterpret_cast<uintptr_t>(begin);
  const auto size = static_cast<size_t>(end - begin);
  if (!machine::Map(virt, virt - machine::DirectMapBase(), size, protection)) {
    Panic("the image cannot be protected");
  }
}

}  // namespace

const char kName[] = "DragonOS";
const size_t kStackSize = dragonos::kStackSize;
const bool kHasTaskNames = true;
const bool kCanPreempt = true;
const bool kStacksHaveOneSize = true;

void ProtectImage() {
  // Text can be executed and not written, constants neither; all other RAM can
  // be written *and* executed.
  const uintptr_t ram = machine::DirectMapBase();
  const size_t ram_size = machine::FreeRam().end - ram;
  if (!machine::Map(ram, 0, ram_size, machine::kWrite | machine::kExecute)) {
    Panic("RAM cannot be mapped");
  }
  Protect(guest_text_begin, guest_text_end, machine::kExecute);
  Protect(guest_rodata_begin, guest_rodata_end, machine::kReadOnly);
}

void StartedCpu(uint32_t cpu) {
  if (cpu != 0) {
    return;
  }
  if (ebpf::StringView(x86_64::BootArguments()) == "preemptive") {
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
  // The only interprocessor interrupt is the port's, and traps.cc takes it.
  Panic("an interprocessor interrupt nobody sent");
}

void OnTick(uint32_t /*cpu*/) { dragonos::TickClock(); }

}  // namespace guest::personality
