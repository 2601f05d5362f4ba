// SPDX-License-Identifier: MIT
//
// The slot of an AArch64 instruction that jumps back: what can be stepped does
// not depend on where it is, so it is copied as it is.
#include "arch/aarch64/probed_insn.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::aarch64 {

bool ProbedInsn::Relocate(machine::ProbePlan& plan, uint64_t slot) {
  constexpr unsigned kInsnSize = 4;
  constexpr int64_t kReach = int64_t{1} << 27;
  // From the branch, behind the copy, to behind the original.
  const auto distance = static_cast<int64_t>(plan.address - slot);
  if (plan.method != machine::ProbeMethod::kStep || distance < -kReach ||
      distance >= kReach) {
    return false;
  }
  // B: imm26, in words. [arm/arm: C6, B]
  const uint32_t branch = LittleEndian(
      0x14000000u | (static_cast<uint32_t>(distance >> 2) & 0x03ffffff));
  plan.method = machine::ProbeMethod::kRelocate;
  CopyBytes(plan.slot, plan.insn, kInsnSize);
  CopyBytes(plan.slot + kInsnSize, &branch, sizeof(branch));
  plan.slot_size = kInsnSize + sizeof(branch);
  return true;
}

}  // namespace ebpf::aarch64
