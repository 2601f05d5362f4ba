// SPDX-License-Identifier: MIT
//
// arch/aarch64/machine/trap_takeover.h's implementation.
#include "arch/aarch64/machine/trap_takeover.h"

#include "arch/aarch64/machine/icache.h"
#include "arch/aarch64/machine/kernel_stubs.h"
#include "arch/aarch64/machine/system_registers.h"
#include "arch/aarch64/machine/taken_frame.h"
#include "arch/aarch64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"

extern "C" {

// As core/capi/ebpf.h, which is above arch, declares them for kernels.
bool ebpf_on_fault(ebpf::machine::PtRegs* regs);
bool ebpf_fix_fault(ebpf::machine::PtRegs* regs);

// trap_takeover.S.
extern uint32_t ebpf_taken_vectors[];

}  // extern "C"

namespace ebpf::aarch64 {
namespace {

// What is saved is handed over as it stands.
static_assert(offsetof(TakenFrame, sp) == offsetof(PtRegs, sp));
static_assert(offsetof(TakenFrame, pc) == offsetof(PtRegs, pc));
static_assert(offsetof(TakenFrame, pstate) == offsetof(PtRegs, pstate));
static_assert(offsetof(TakenFrame, syndrome) == sizeof(PtRegs));

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

bool TakeTraps() {
  const uintptr_t interrupts = machine::MaskInterrupts();
  const uintptr_t kernels = ReadVectorBase();
  const auto ours = reinterpret_cast<uintptr_t>(ebpf_taken_vectors);
  const bool possible =
      InReach(ours, kernels) && InReach(ours + kVectorsSize, kernels) &&
      Translation::ForWrite(ours).IsMemory() &&
      Translation::ForWrite(ours + kVectorsSize - 1).IsMemory();
  if (possible) {
    FindKernelStubs(kernels);
    for (size_t i = 0; i < kVectorCount; ++i) {
      // The last word of each (trap_takeover.S).
      uint32_t* word = ebpf_taken_vectors + (i + 1) * kWordsPerVector - 1;
      *word = BranchFromTo(reinterpret_cast<uintptr_t>(word),
                           kernels + i * kWordsPerVector * 4);
    }
    FlushInsnCache(ours, kVectorsSize);
    WriteVectorBase(ours);
  }
  machine::RestoreInterrupts(interrupts);
  return possible;
}

}  // namespace ebpf::aarch64

extern "C" {

/// For trap_takeover.S: whether `frame` leads on. If not, the kernel takes the
/// exception, with `frame` as it is then.
EBPF_NOPROBE bool ebpf_taken_fault(ebpf::TakenFrame* frame) {
  auto* const regs = reinterpret_cast<ebpf::machine::PtRegs*>(frame);
  (void)ebpf_on_fault(regs);
  return ebpf_fix_fault(regs);
}

uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
