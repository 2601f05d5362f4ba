// SPDX-License-Identifier: MIT
//
// What may be touched, and what of the kernel's is on a trap's way.
#include "core/base/noprobe.h"
#include "core/platform/function_text.h"
#include "core/platform/nofault.h"
#include "core/platform/page_access.h"
#include "core/platform/tried_write.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

extern "C" {
// Of the kernel and its crate trapframe: where traps come, and what looks at
// their CSRs.
void trap_entry(void);
void run_user(void);
void trap_handler(void*);
}

namespace ebpf {

// The kernel maps devices and the firmware below itself, and nothing else that
// is not memory.
bool MayReadPage(uintptr_t address) {
  return address >= reinterpret_cast<uintptr_t>(__ehdr_start);
}

bool MayWritePage(uintptr_t address) {
  return MayReadPage(address) && CanBeWritten(address);
}

bool hermit::IsTrapCode(uintptr_t address, size_t size) {
  /// trap_return, which ends trapframe's code, has no name that is seen here.
  constexpr size_t kRunUserSize = 256;
  const TextRange entry = {
      reinterpret_cast<const uint8_t*>(&trap_entry),
      reinterpret_cast<const uint8_t*>(&run_user) + kRunUserSize};
  // The handler reads scause and stval, which a breakpoint overwrites.
  return entry.Overlaps(address, size) ||
         TouchesFunction(address, size,
                         reinterpret_cast<uintptr_t>(&trap_handler));
}

}  // namespace ebpf

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {reinterpret_cast<uintptr_t>(__ehdr_start), UINTPTR_MAX};
  return 1;
}
