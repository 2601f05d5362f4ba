// SPDX-License-Identifier: MIT
//
// arch/riscv64/machine/trap_takeover.h's implementation.
#include "arch/riscv64/machine/trap_takeover.h"

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/machine/kernel_fault.h"
#include "arch/riscv64/machine/system_registers.h"
#include "arch/riscv64/machine/taken_frame.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/platform/text.h"

extern "C" {
extern const uint8_t ebpf_taken_vector[];
/// Where it enters the kernel's own.
extern uintptr_t ebpf_kernels_vector;
}

namespace ebpf::riscv64 {
namespace {

static_assert(offsetof(TakenFrame, x) == offsetof(PtRegs, x));
static_assert(offsetof(TakenFrame, status) == offsetof(PtRegs, status));
static_assert(offsetof(TakenFrame, cause) == offsetof(PtRegs, cause));

/// How the kernel's vector begins: `csrrw sp, sscratch, sp`, a branch of
/// `bnez sp` that is not taken as sscratch was 0, and `csrr sp, sscratch`,
/// where trap_takeover.S enters it. [riscv/unpriv: BRANCH, riscv/priv:
/// sscratch]
struct KernelVector {
  uint32_t exchange;
  uint32_t branch;
  uint32_t take_back;

  bool IsKnown() const {
    constexpr uint32_t kBranchOffset = 0xfe000f80;
    return exchange == 0x14011173 && (branch & ~kBranchOffset) == 0x00011063 &&
           take_back == 0x14002173;
  }
};

/// stvec's low bits: 0 where all traps come to its address.
constexpr uintptr_t kModeMask = 3;

void WriteOurs() {
  WriteVector(reinterpret_cast<uintptr_t>(ebpf_taken_vector));
}

}  // namespace

bool TakeTraps() {
  const uintptr_t kernels = ReadVector();
  if ((kernels & kModeMask) != 0) {
    return false;
  }
  const auto* const vector = reinterpret_cast<const KernelVector*>(kernels);
  if (!vector->IsKnown()) {
    return false;
  }
  ebpf_kernels_vector = reinterpret_cast<uintptr_t>(&vector->take_back);
  WriteOurs();
  return true;
}

void TakeTrapsToo() {
  constexpr uintptr_t kSoftware = 1 << 1;
  WriteOurs();
  asm volatile("csrs sie, %0" : : "r"(kSoftware) : "memory");
}

}  // namespace ebpf::riscv64

extern "C" {

/// For trap_takeover.S: whether `frame` leads on. If not, the kernel takes the
/// exception, with `frame` as it is then.
EBPF_NOPROBE bool ebpf_taken_fault(ebpf::TakenFrame* frame) {
  return ebpf::riscv64::OnKernelFault(
      *reinterpret_cast<ebpf::machine::PtRegs*>(frame));
}

uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
