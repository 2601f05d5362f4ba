// SPDX-License-Identifier: MIT
//
// Interrupt flag, waiting, and the serialising instruction.
#include <stddef.h>
#include <stdint.h>

#include "testing/guest/kernel/machine.h"
#include "testing/guest/x86_64/registers.h"

namespace guest::machine {

using namespace x86_64;

uintptr_t IrqSave() {
  const uint64_t flags = ReadFlags();
  asm volatile("cli" : : : "memory");
  return flags & kInterruptFlag;
}

void IrqRestore(uintptr_t state) {
  if (state != 0) {
    asm volatile("sti" : : : "memory");
  }
}

void IrqEnable() { asm volatile("sti" : : : "memory"); }

bool IrqsEnabled() { return (ReadFlags() & kInterruptFlag) != 0; }

void Relax() { asm volatile("pause" : : : "memory"); }

void WaitForInterrupt() {
  // sti holds interrupts back until after the next instruction.
  asm volatile("sti; hlt" : : : "memory");
}

void FlushCode(const void* /*address*/, size_t /*size*/) {
  // Instruction fetch is coherent with stores.
  asm volatile("" : : : "memory");
}

void SyncInstructions() {
  uint32_t leaf = 0;
  uint32_t subleaf = 0;
  asm volatile("cpuid" : "+a"(leaf), "+c"(subleaf) : : "rbx", "rdx", "memory");
}

void Breakpoint() { asm volatile("int3" : : : "memory"); }

}  // namespace guest::machine
