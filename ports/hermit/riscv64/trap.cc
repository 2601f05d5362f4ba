// SPDX-License-Identifier: MIT
//
// The breakpoint trap: our vector is put before the kernel's, and what it saved
// is Linux's pt_regs.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "machine/interrupts.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/riscv64/registers.h"
#include "ports/hermit/riscv64/trap_frame.h"
#include "ports/hermit/timer.h"

EBPF_NOPROBE_RANGE(ebpf_hermit_trap)

extern "C" {
extern const uint8_t EbpfHermitVector[];
/// The way to the kernel: a `j` of four bytes.
extern uint32_t EbpfHermitToKernel[];
}

namespace ebpf::hermit {
namespace {

static_assert(offsetof(TrapFrame, x) == offsetof(riscv64::PtRegs, x));
static_assert(offsetof(TrapFrame, status) == offsetof(riscv64::PtRegs, status));
static_assert(offsetof(TrapFrame, cause) == offsetof(riscv64::PtRegs, cause));

/// JAL's offset: 21 bits, in its odd order. [riscv/unpriv: JAL]
constexpr int64_t kJumpReach = 1 << 20;
constexpr uint32_t kJump = 0x6f;

constexpr uint32_t Field(uint64_t value, unsigned from, unsigned bits,
                         unsigned to) {
  return static_cast<uint32_t>(value >> from & ((1u << bits) - 1)) << to;
}

constexpr uint32_t JumpBy(uint64_t offset) {
  return kJump | Field(offset, 12, 8, 12) | Field(offset, 11, 1, 20) |
         Field(offset, 1, 10, 21) | Field(offset, 20, 1, 31);
}
static_assert(JumpBy(0) == 0x6f);
static_assert(JumpBy(static_cast<uint64_t>(-2)) == 0xfffff06f);

/// stvec's low bits: 0 where all traps come to its address.
constexpr uintptr_t kModeMask = 3;

}  // namespace

bool InstallTraps() {
  const uintptr_t interrupts = machine::MaskInterrupts();
  const uintptr_t kernels = ReadVector();
  const auto way = reinterpret_cast<uintptr_t>(EbpfHermitToKernel);
  const auto distance = static_cast<int64_t>(kernels - way);
  bool possible = (kernels & kModeMask) == 0 && distance >= -kJumpReach &&
                  distance < kJumpReach;
  if (possible) {
    // First of all, so that the question whether text can be written may fail.
    // Only a trap of ours meets the way as it is linked: a loop.
    WriteVector(reinterpret_cast<uintptr_t>(EbpfHermitVector));
    possible = MayWrite(way);
    if (possible) {
      *EbpfHermitToKernel = JumpBy(static_cast<uint64_t>(distance));
      riscv64::FlushInsnCache(way, sizeof(*EbpfHermitToKernel));
    } else {
      WriteVector(kernels);
    }
  }
  machine::RestoreInterrupts(interrupts);
  return possible;
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

/// The timer's interrupt, whoever it is for: whether the kernel gets it next.
bool EbpfHermitTick(const ebpf::hermit::TrapFrame* frame) {
  ebpf::hermit::Tick(frame);
  return ebpf_hermit_kernel_timer_due();
}

}  // extern "C"
