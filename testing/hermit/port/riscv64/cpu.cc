// SPDX-License-Identifier: MIT
#include "testing/hermit/port/cpu.h"

#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/machine/taken_frame.h"
#include "core/base/memory.h"

namespace hermit {

// QEMU's virt machine: the serial port, the interrupt controller.
constinit const uintptr_t kDevices[kDeviceCount] = {0x10000000, 0x0c000000};

void HitBreakpoint() {
  asm volatile(".option push; .option norvc; ebreak; .option pop" ::: "memory");
}

void SkipBreakpoint(ebpf::TakenFrame& regs) { regs.pc += 4; }

bool InterruptsMasked() {
  constexpr uint64_t kInterruptsOn = 1 << 1;  // [riscv/priv: sstatus]
  uint64_t status;
  asm volatile("csrr %0, sstatus" : "=r"(status));
  return (status & kInterruptsOn) == 0;
}

// By writing what is there.
bool IsWritable(uintptr_t address) {
  uint8_t byte;
  return ebpf_copy_nofault(&byte, address, 1) &&
         ebpf_copy_nofault(reinterpret_cast<void*>(address),
                           reinterpret_cast<uintptr_t>(&byte), 1);
}

size_t ReturnOf(uint16_t value, uint8_t (&code)[16]) {
  const uint32_t words[] = {0x00000513 | uint32_t{value} << 20,  // li a0
                            0x00008067};                         // ret
  ebpf::CopyBytes(code, words, sizeof(words));
  return sizeof(words);
}

bool CopyUnasked(void* to, uintptr_t from, size_t size) {
  return ebpf_copy_nofault(to, from, size);
}

}  // namespace hermit
