// SPDX-License-Identifier: MIT
//
// What may be touched, and what text that was written needs.
#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/machine/nofault.h"
#include "core/base/noprobe.h"
#include "core/platform/nofault.h"
#include "core/platform/text.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/symbols.h"

extern "C" {
// Of the kernel and its crate trapframe: where traps come, and what looks at
// their CSRs.
void trap_entry(void);
void run_user(void);
void trap_handler(void*);
}

namespace ebpf::hermit {
namespace {

/// The kernel maps devices and the firmware below itself, and nothing else that
/// is not memory.
bool IsAboveTheKernel(uintptr_t address) {
  return address >= reinterpret_cast<uintptr_t>(__ehdr_start);
}

template <typename F>
const uint8_t* At(F* function) {
  return reinterpret_cast<const uint8_t*>(function);
}

/// trap_return, which ends trapframe's code, has no name that is seen here.
constexpr size_t kRunUserSize = 256;

}  // namespace

bool MayRead(uintptr_t address) { return IsAboveTheKernel(address); }

// By trying: what is there is written again.
bool MayWrite(uintptr_t address) {
  uint8_t byte;
  return IsAboveTheKernel(address) && ebpf_copy_nofault(&byte, address, 1) &&
         ebpf_copy_nofault(reinterpret_cast<void*>(address),
                           reinterpret_cast<uintptr_t>(&byte), 1);
}

void FlushInsns(uintptr_t address, size_t size) {
  riscv64::FlushInsnCache(address, size);
}

// The firmware does it, in machine mode: wherever a hart is. [sbi: RFENCE
// Extension]
void SyncInsnsElsewhere() {
  constexpr uint64_t kRemoteFence = 0x52464e43;
  constexpr uint64_t kFenceI = 0;
  constexpr uint64_t kAllHarts = ~uint64_t{0};
  asm volatile("fence w, w" : : : "memory");  // what was written comes first
  register uint64_t a0 asm("a0") = 0;
  register uint64_t a1 asm("a1") = kAllHarts;
  register uint64_t a6 asm("a6") = kFenceI;
  register uint64_t a7 asm("a7") = kRemoteFence;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

bool IsTrapCode(uintptr_t address, size_t size) {
  const TextRange entry = {At(&trap_entry), At(&run_user) + kRunUserSize};
  // The handler reads scause and stval, which a breakpoint overwrites.
  return entry.Overlaps(address, size) ||
         TouchesFunction(address, size,
                         reinterpret_cast<uintptr_t>(&trap_handler));
}

}  // namespace ebpf::hermit

extern "C" {

size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {reinterpret_cast<uintptr_t>(__ehdr_start), UINTPTR_MAX};
  return 1;
}

uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
