// SPDX-License-Identifier: MIT
//
// DragonOS's memory map on x86-64, for the guest kernel.
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/personalities/dragonos/cpu.h"
#include "testing/guest/x86_64/boot_arguments.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_text_end[];
extern const char guest_rodata_begin[];
extern const char guest_rodata_end[];
}

namespace guest::dragonos {
namespace {

/// Gives [begin, end) of the image a protection, by 4 KiB pages.
bool Protect(const char* begin, const char* end, uint32_t protection) {
  const auto virt = reinterpret_cast<uintptr_t>(begin);
  const auto size = static_cast<size_t>(end - begin);
  return machine::Map(virt, virt - machine::DirectMapBase(), size, protection);
}

}  // namespace

bool ProtectRamAndImage() {
  // Text can be executed and not written, constants neither; all other RAM can
  // be written *and* executed.
  const uintptr_t ram = machine::DirectMapBase();
  const size_t ram_size = machine::FreeRam().end - ram;
  return machine::Map(ram, 0, ram_size, machine::kWrite | machine::kExecute) &&
         Protect(guest_text_begin, guest_text_end, machine::kExecute) &&
         Protect(guest_rodata_begin, guest_rodata_end, machine::kReadOnly);
}

const char* BootArguments() { return x86_64::BootArguments(); }

}  // namespace guest::dragonos

namespace guest::personality {

constinit const bool kStacksAreKnown = true;

}  // namespace guest::personality
