// SPDX-License-Identifier: MIT
//
// testing/hermit/example/break.h on x86-64.
#include "arch/x86_64/machine/taken_frame.h"
#include "testing/hermit/example/break.h"

/// Where the port sends the timer's interrupts.
extern "C" uintptr_t ebpf_kernels_timer;

namespace hermit {
namespace {

/// Stands in for the kernel's handler.
[[gnu::naked]] void GoBack() { asm volatile("iretq"); }

/// [intel/vol3: 4-Level Paging]
constexpr uint64_t kWritable = 1 << 1;
constexpr uint64_t kLarge = 1 << 7;
constexpr uint64_t kAddress = 0x000f'ffff'ffff'f000;
constexpr unsigned kEntries = 512;
constexpr uint64_t kPageSize = 4096;

/// In place of the entry of a large page.
alignas(kPageSize) constinit uint64_t small_pages[kEntries] = {};

}  // namespace

void ForgetRegister(void* regs) {
  static_cast<ebpf::TakenFrame*>(regs)->rdx = 7;
}

void KeepTimerInterrupts() {
  ebpf_kernels_timer = reinterpret_cast<uintptr_t>(&GoBack);
}

// The loader maps large pages, each at its physical address.
bool MakeReadOnly(uintptr_t address) {
  uint64_t entry;
  asm volatile("movq %%cr3, %0" : "=r"(entry));
  uint64_t* at = nullptr;
  for (int level = 3; level >= 1; --level) {
    at = reinterpret_cast<uint64_t*>(entry & kAddress) +
         (address >> (12 + 9 * level)) % kEntries;
    entry = *at;
  }
  if ((entry & kLarge) == 0) {
    return false;
  }
  for (uint64_t i = 0; i < kEntries; ++i) {
    small_pages[i] = (entry & ~kLarge) + i * kPageSize;
  }
  small_pages[address / kPageSize % kEntries] &= ~kWritable;
  *at =
      reinterpret_cast<uintptr_t>(small_pages) | (entry & ~kAddress & ~kLarge);
  asm volatile("movq %%cr3, %%rax; movq %%rax, %%cr3" : : : "rax", "memory");
  return true;
}

}  // namespace hermit
