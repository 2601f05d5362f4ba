// SPDX-License-Identifier: MIT
//
// DragonOS's memory map on RISC-V, for the guest kernel: all may be done to
// all.
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/personalities/dragonos/cpu.h"
#include "testing/guest/riscv64/boot_arguments.h"

extern "C" const char guest_text_begin[];

namespace guest::dragonos {

bool ProtectRamAndImage() {
  // kernel_page_flags is the same for text, constants and the rest.
  const auto image = reinterpret_cast<uintptr_t>(guest_text_begin);
  return machine::Map(image, image, machine::FreeRam().end - image,
                      machine::kWrite | machine::kExecute);
}

const char* BootArguments() { return riscv64::BootArguments(); }

}  // namespace guest::dragonos

namespace guest::personality {

// The guest's memory is in the lower half of the addresses, a process's.
constinit const bool kStacksAreKnown = false;

}  // namespace guest::personality
