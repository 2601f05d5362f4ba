// SPDX-License-Identifier: MIT
//
// testing/hermit/example/break.h on RISC-V.
#include "arch/riscv64/machine/taken_frame.h"
#include "testing/hermit/example/break.h"

/// Where the port enters the kernel's vector.
extern "C" uintptr_t ebpf_kernels_vector;

namespace hermit {
namespace {

/// Stands in for the kernel's vector, sp being in sscratch: turns off the
/// timer's interrupt, which would come for ever, and goes back.
[[gnu::naked]] void GoBack() {
  asm volatile(
      "csrr sp, sscratch\n\t"
      "csrw sscratch, t0\n\t"
      "li t0, 32\n\t"  // [riscv/priv: sie.STIE]
      "csrc sie, t0\n\t"
      "csrrw t0, sscratch, zero\n\t"
      "sret");
}

}  // namespace

void ForgetRegister(void* regs) {
  constexpr unsigned kA2 = 11;
  static_cast<ebpf::TakenFrame*>(regs)->x[kA2] = 7;
}

void KeepTimerInterrupts() {
  ebpf_kernels_vector = reinterpret_cast<uintptr_t>(&GoBack);
}

// Hermit maps its image by gigabytes here.
bool MakeReadOnly(uintptr_t /*address*/) { return false; }

}  // namespace hermit
