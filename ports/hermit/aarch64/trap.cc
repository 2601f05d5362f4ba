// SPDX-License-Identifier: MIT
//
// The breakpoint trap: our vectors are put before the kernel's, and what they
// saved becomes Linux's pt_regs.
#include "arch/aarch64/machine/icache.h"
#include "arch/aarch64/machine/system_registers.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "machine/interrupts.h"
#include "ports/hermit/aarch64/kernel_stubs.h"
#include "ports/hermit/aarch64/trap_frame.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/timer.h"

extern "C" uint32_t EbpfHermitVectors[];

namespace ebpf::hermit {
namespace {

constexpr size_t kVectorCount = 16;
constexpr size_t kWordsPerVector = 32;
constexpr size_t kVectorsSize = kVectorCount * kWordsPerVector * 4;

/// B's offset: 26 bits of words. [arm/aarch64: C6.2, B]
constexpr int64_t kBranchReach = 128 << 20;
constexpr uint32_t kBranch = 0x14000000;
constexpr uint32_t kBranchOffsetMask = 0x03ffffff;

bool InReach(uintptr_t from, uintptr_t to) {
  const int64_t distance = static_cast<int64_t>(to - from);
  return distance >= -kBranchReach && distance < kBranchReach;
}

uint32_t BranchFromTo(uintptr_t from, uintptr_t to) {
  return kBranch |
         (static_cast<uint32_t>((to - from) >> 2) & kBranchOffsetMask);
}

}  // namespace

bool InstallTraps() {
  const uintptr_t interrupts = machine::MaskInterrupts();
  const uintptr_t kernels = aarch64::ReadVectorBase();
  const auto ours = reinterpret_cast<uintptr_t>(EbpfHermitVectors);
  const bool possible =
      InReach(ours, kernels) && InReach(ours + kVectorsSize, kernels) &&
      aarch64::Translation::ForWrite(ours).IsMemory() &&
      aarch64::Translation::ForWrite(ours + kVectorsSize - 1).IsMemory();
  if (possible) {
    FindKernelStubs(kernels);
    for (size_t i = 0; i < kVectorCount; ++i) {
      // The last word of each (vectors.S).
      uint32_t* word = EbpfHermitVectors + (i + 1) * kWordsPerVector - 1;
      *word = BranchFromTo(reinterpret_cast<uintptr_t>(word),
                           kernels + i * kWordsPerVector * 4);
    }
    aarch64::FlushInsnCache(ours, kVectorsSize);
    aarch64::WriteVectorBase(ours);
  }
  machine::RestoreInterrupts(interrupts);
  return possible;
}

}  // namespace ebpf::hermit

// Called by vectors.S, with what is ebpf_pt_regs as it stands (trap_frame.h).
extern "C" {

/// Whether the breakpoint is one of ours.
EBPF_NOPROBE bool EbpfHermitBreakpoint(ebpf::hermit::TrapFrame* frame) {
  return ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(frame));
}

/// Whether `frame` leads on. If not, the kernel takes the exception, with
/// `frame` as it is then.
EBPF_NOPROBE bool EbpfHermitFault(ebpf::hermit::TrapFrame* frame) {
  auto* regs = reinterpret_cast<ebpf_pt_regs*>(frame);
  ebpf_on_fault(regs);
  return ebpf_fix_fault(regs);
}

/// Our timer's interrupt; the kernel gets it next.
void EbpfHermitTick(const ebpf::hermit::TrapFrame* frame) {
  ebpf::hermit::Tick(frame);
}

}  // extern "C"
