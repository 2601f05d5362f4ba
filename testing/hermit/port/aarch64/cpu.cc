// SPDX-License-Identifier: MIT
#include "testing/hermit/port/cpu.h"

#include "arch/aarch64/machine/nofault.h"
#include "arch/aarch64/machine/taken_frame.h"
#include "core/base/memory.h"

namespace hermit {

// QEMU's virt machine: the serial port, the interrupt controller.
constinit const uintptr_t kDevices[kDeviceCount] = {0x9000000, 0x8000000};

void HitBreakpoint() { asm volatile("brk #8" : : : "memory"); }

void SkipBreakpoint(ebpf::TakenFrame& regs) { regs.pc += 4; }

bool InterruptsMasked() {
  constexpr uint64_t kIrqMask = 1 << 7;  // [arm/arm: DAIF]
  uint64_t daif;
  asm volatile("mrs %0, daif" : "=r"(daif));
  return (daif & kIrqMask) != 0;
}

bool IsWritable(uintptr_t address) {
  uint64_t result;  // [arm/arm: AT S1E1W; PAR_EL1]
  asm volatile("at s1e1w, %1; isb; mrs %0, par_el1"
               : "=r"(result)
               : "r"(address)
               : "memory");
  return (result & 1) == 0;
}

size_t ReturnOf(uint16_t value, uint8_t (&code)[16]) {
  const uint32_t words[] = {0x52800000 | uint32_t{value} << 5,  // mov w0
                            0xd65f03c0};                        // ret
  ebpf::CopyBytes(code, words, sizeof(words));
  return sizeof(words);
}

bool CopyUnasked(void* to, uintptr_t from, size_t size) {
  return ebpf_copy_nofault(to, from, size);
}

}  // namespace hermit
