// SPDX-License-Identifier: MIT
//
// testing/hermit/example/break.h on AArch64.
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "arch/aarch64/machine/taken_frame.h"
#include "testing/hermit/example/break.h"

namespace hermit {
namespace {

/// Stands before a vector of the kernel's: turns its timer off if that is due,
/// which would interrupt for ever, and goes back. Other interrupts go on.
template <unsigned vector>
[[gnu::naked]] void KeepTimer() {
  asm volatile(
      "str x0, [sp, #-16]!\n\t"
      "mrs x0, cntp_ctl_el0\n\t"
      "tbz x0, #2, 1f\n\t"
      "msr cntp_ctl_el0, xzr\n\t"
      "isb\n\t"
      "ldr x0, [sp], #16\n\t"
      "eret\n"
      "1:\n\t"
      "ldr x0, [sp], #16\n\t"
      "b vector_table + %c0"
      :
      : "i"(vector * 128));
}

/// IRQs of this exception level, on either stack: the last word of our vector
/// leads to the kernel's.
template <unsigned vector>
void SendTo() {
  uintptr_t base;
  asm volatile("mrs %0, vbar_el1" : "=r"(base));
  const uintptr_t at = base + vector * 128 + 124;
  const uintptr_t to = reinterpret_cast<uintptr_t>(&KeepTimer<vector>);
  const auto branch =
      static_cast<uint32_t>(0x14000000 | ((to - at) >> 2 & 0x03ffffff));
  (void)ebpf_port_text_write(at, &branch, sizeof(branch));
}

/// [arm/arm: VMSAv8-64 translation table format descriptors]
constexpr uint64_t kTable = 3;
constexpr uint64_t kAddress = 0x0000'ffff'ffff'f000;
constexpr uint64_t kReadOnly = 1 << 7;

}  // namespace

void ForgetRegister(void* regs) {
  static_cast<ebpf::TakenFrame*>(regs)->x[2] = 7;
}

void KeepTimerInterrupts() {
  const uintptr_t interrupts = ebpf_port_irq_save();
  SendTo<1>();
  SendTo<5>();
  ebpf_port_irq_restore(interrupts);
}

bool MakeReadOnly(uintptr_t address) {
  uint64_t entry;
  asm volatile("mrs %0, ttbr0_el1" : "=r"(entry));
  uint64_t* at = nullptr;
  for (int level = 0; level <= 3; ++level) {
    at = reinterpret_cast<uint64_t*>(entry & kAddress) +
         (address >> (39 - 9 * level)) % 512;
    entry = *at;
    if ((entry & kTable) != kTable) {
      return false;  // a block, with more in it than the page
    }
  }
  *at = entry | kReadOnly;
  asm volatile("dsb ishst; tlbi vmalle1; dsb ish; isb" : : : "memory");
  return true;
}

}  // namespace hermit
