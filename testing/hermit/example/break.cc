// SPDX-License-Identifier: MIT
//
// The image is linked with --wrap: calls of these come here.
#include "testing/hermit/example/break.h"

#include "core/capi/ebpf.h"
#include "testing/hermit/application/application.h"

namespace hermit {

bool IsBroken(ebpf::StringView what) { return Argument() == what; }

}  // namespace hermit

extern "C" {

// registers: whoever hits a probe does not get all of them back.
bool __real_ebpf_on_breakpoint(ebpf_pt_regs* regs);
[[gnu::section("ebpf_noprobe")]] bool __wrap_ebpf_on_breakpoint(
    ebpf_pt_regs* regs) {
  const bool ours = __real_ebpf_on_breakpoint(regs);
  if (ours && hermit::IsBroken("registers")) {
    hermit::ForgetRegister(regs);
  }
  return ours;
}

// The same where there is no trap.
bool __real_ebpf_detour_hit(void* regs);
[[gnu::section("ebpf_noprobe")]] bool __wrap_ebpf_detour_hit(void* regs) {
  const bool moved = __real_ebpf_detour_hit(regs);
  if (hermit::IsBroken("registers")) {
    hermit::ForgetRegister(regs);
  }
  return moved;
}

// direct_write: text is written whether the page tables allow it or not.
bool __real__ZN4ebpf12MayWritePageEm(uintptr_t address);
bool __wrap__ZN4ebpf12MayWritePageEm(uintptr_t address) {
  return hermit::IsBroken("direct_write") ||
         __real__ZN4ebpf12MayWritePageEm(address);
}

}  // extern "C"
