// SPDX-License-Identifier: MIT
//
// The breakpoint trap: our vector is put before the kernel's, and what it saved
// is Linux's pt_regs.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/machine/system_registers.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "ports/hermit/cpus.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/riscv64/trap_frame.h"
#include "ports/hermit/timer.h"

extern "C" {
extern const uint8_t EbpfHermitVector[];
/// Where it enters the kernel's own.
extern uintptr_t EbpfHermitKernelVector;
}

namespace ebpf::hermit {
namespace {

static_assert(offsetof(TrapFrame, x) == offsetof(riscv64::PtRegs, x));
static_assert(offsetof(TrapFrame, status) == offsetof(riscv64::PtRegs, status));
static_assert(offsetof(TrapFrame, cause) == offsetof(riscv64::PtRegs, cause));

/// How the kernel's vector begins: `csrrw sp, sscratch, sp`, a branch of
/// `bnez sp` that is not taken as sscratch was 0, and `csrr sp, sscratch`,
/// where vector.S enters it. [riscv/unpriv: BRANCH, riscv/priv: sscratch]
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

}  // namespace

bool InstallTraps() {
  const uintptr_t kernels = riscv64::ReadVector();
  if ((kernels & kModeMask) != 0) {
    return false;
  }
  const auto* const vector = reinterpret_cast<const KernelVector*>(kernels);
  if (!vector->IsKnown()) {
    return false;
  }
  EbpfHermitKernelVector = reinterpret_cast<uintptr_t>(&vector->take_back);
  riscv64::WriteVector(reinterpret_cast<uintptr_t>(EbpfHermitVector));
  return true;
}

constinit const bool kManyCpus = true;

bool PrepareCpu() { return true; }

// The kernel's vector is the same on all.
void EnterCpu() {
  constexpr uintptr_t kSoftware = 1 << 1;
  riscv64::WriteVector(reinterpret_cast<uintptr_t>(EbpfHermitVector));
  // The kernel lets these in when it first has nothing to do.
  asm volatile("csrs sie, %0" : : "r"(kSoftware) : "memory");
}

}  // namespace ebpf::hermit

// Called by vector.S.
extern "C" {

/// Whether the breakpoint is one of ours.
EBPF_NOPROBE bool EbpfHermitBreakpoint(ebpf::hermit::TrapFrame* frame) {
  return ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(frame));
}

/// Whether `frame` leads on. If not, the kernel takes the exception, with
/// `frame` as it is then.
EBPF_NOPROBE bool EbpfHermitFault(ebpf::hermit::TrapFrame* frame) {
  auto* regs = reinterpret_cast<ebpf_pt_regs*>(frame);
  (void)ebpf_on_fault(regs);
  return ebpf::riscv64::NofaultFixup(frame->pc) ||
         ebpf::riscv64::FeatureFixup(frame->pc) || ebpf_fix_fault(regs);
}

/// Another CPU has interrupted this one; EbpfHermitTick and the kernel are
/// next.
EBPF_NOPROBE void EbpfHermitAsked(const ebpf::hermit::TrapFrame* frame) {
  ebpf::hermit::StandStill(frame->pc);
}

/// The timer's interrupt, whoever it is for: whether the kernel gets it next.
bool EbpfHermitTick(const ebpf::hermit::TrapFrame* frame) {
  ebpf::hermit::Tick(frame);
  return ebpf_hermit_kernel_timer_due();
}

}  // extern "C"
