// SPDX-License-Identifier: MIT
//
// The slot of a RISC-V instruction that jumps back: what can be stepped does
// not depend on where it is, so it is copied as it is. The jump is jal, which
// needs no register; what is farther would, and is stepped.
#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/probed_insn.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::riscv64 {

bool ProbedInsn::Relocate(machine::ProbePlan& plan, uint64_t slot) {
  constexpr int64_t kReach = int64_t{1} << 20;
  // From the jump, behind the copy, to behind the original.
  const auto distance = static_cast<int64_t>(plan.address - slot);
  if (plan.method != machine::ProbeMethod::kStep || distance < -kReach ||
      distance >= kReach) {
    return false;
  }
  // jal x0: the immediate's bits 20, 10..1, 11, 19..12 from the top on.
  // [riscv/unpriv: RV32I, Unconditional Jumps]
  const auto bits = static_cast<uint32_t>(distance);
  const uint32_t jump = LittleEndian(
      Field(bits, 20, 1) << 31 | Field(bits, 1, 10) << 21 |
      Field(bits, 11, 1) << 20 | Field(bits, 12, 8) << 12 | kOpJal);
  plan.method = machine::ProbeMethod::kRelocate;
  CopyBytes(plan.slot, plan.insn, plan.insn_size);
  CopyBytes(plan.slot + plan.insn_size, &jump, sizeof(jump));
  plan.slot_size = static_cast<uint8_t>(plan.insn_size + sizeof(jump));
  return true;
}

}  // namespace ebpf::riscv64
