// SPDX-License-Identifier: MIT
#include "testing/hermit/port/cpu.h"

#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/machine/taken_frame.h"
#include "core/base/memory.h"

namespace hermit {

// A PC's interrupt controllers.
constinit const uintptr_t kDevices[kDeviceCount] = {0xfee00000, 0xfec00000};

void HitBreakpoint() { asm volatile("int3" : : : "memory"); }

// The CPU is behind it already.
void SkipBreakpoint(ebpf::TakenFrame& /*regs*/) {}

bool InterruptsMasked() {
  constexpr uint64_t kInterruptsOn = 1 << 9;  // [intel/vol1: EFLAGS Register]
  uint64_t flags;
  asm volatile("pushfq; popq %0" : "=r"(flags));
  return (flags & kInterruptsOn) == 0;
}

// By writing what is there.
bool IsWritable(uintptr_t address) {
  uint8_t byte;
  return ebpf_copy_nofault(&byte, address, 1) &&
         ebpf_copy_nofault(reinterpret_cast<void*>(address),
                           reinterpret_cast<uintptr_t>(&byte), 1);
}

size_t ReturnOf(uint16_t value, uint8_t (&code)[16]) {
  // mov eax, value; ret
  const uint8_t bytes[] = {
      0xb8, static_cast<uint8_t>(value), static_cast<uint8_t>(value >> 8), 0, 0,
      0xc3};
  ebpf::CopyBytes(code, bytes, sizeof(bytes));
  return sizeof(bytes);
}

bool CopyUnasked(void* to, uintptr_t from, size_t size) {
  return ebpf_copy_nofault(to, from, size);
}

}  // namespace hermit
