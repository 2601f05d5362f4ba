// SPDX-License-Identifier: MIT
//
// Ways for a careless port to die on RISC-V. death_test.sh boots the image once
// for each, by name, and wants the guest to end with the reason.
#include "core/base/string_view.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/riscv64/boot_arguments.h"

namespace guest {
namespace {

/// Nothing there steps over a breakpoint.
void TakeABreakpointOfNobodys() { machine::Breakpoint(); }

/// What a CPU has beyond RV64GC cannot be found out by trying, but with a hook.
void TryAnInstruction() { asm volatile(".word 0" : : : "memory"); }

struct Death {
  const char* name;
  void (*die)();
};

constexpr Death kDeaths[] = {
    {"take_a_breakpoint_of_nobodys", TakeABreakpointOfNobodys},
    {"try_an_instruction", TryAnInstruction},
};

}  // namespace

bool RunTests() {
  const ebpf::StringView wanted(riscv64::BootArguments());
  for (const Death& death : kDeaths) {
    if (wanted == ebpf::StringView(death.name)) {
      death.die();
      PrintLine("still alive");
      return true;
    }
  }
  PrintLine("no such death");
  return true;
}

}  // namespace guest
