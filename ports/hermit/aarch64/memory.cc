// SPDX-License-Identifier: MIT
//
// What the page tables allow, and what text that was written needs.
#include "arch/aarch64/machine/icache.h"
#include "arch/aarch64/machine/system_registers.h"
#include "core/platform/text.h"
#include "ports/hermit/aarch64/kernel_stubs.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {

bool MayRead(uintptr_t address) {
  return aarch64::Translation::ForRead(address).IsMemory();
}

bool MayWrite(uintptr_t address) {
  return aarch64::Translation::ForWrite(address).IsMemory();
}

void FlushInsns(uintptr_t address, size_t size) {
  aarch64::FlushInsnCache(address, size);
}

bool IsTrapCode(uintptr_t address, size_t size) {
  return IsKernelStub(address, size);
}

}  // namespace ebpf::hermit

extern "C" uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}
