// SPDX-License-Identifier: MIT
//
// The slot of a RISC-V instruction that jumps back: what can be stepped does
// not depend on where it is, so it is copied as it is. The jump is jal, which
// needs no register, or, where that does not reach, auipc and jalr by one that
// is dead behind the instruction; without one it is stepped.
#include "arch/riscv64/encoder.h"
#include "arch/riscv64/probed_insn.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::riscv64 {

bool ProbedInsn::Relocate(machine::ProbePlan& plan, uint64_t slot) {
  // From the jump, behind the copy, to behind the original.
  const auto distance = static_cast<int64_t>(plan.address - slot);
  const int64_t upper = (distance + 0x800) >> 12;
  const auto reg = static_cast<unsigned>(plan.operand);
  const bool is_near = encode::Fits(distance, 21);
  if (plan.method != machine::ProbeMethod::kStep ||
      (!is_near && (reg == encode::kZero || !encode::Fits(upper, 20)))) {
    return false;
  }
  uint32_t jump[2] = {encode::Jal(encode::kZero, distance), 0};
  if (!is_near) {
    jump[0] = encode::Auipc(reg, upper);
    jump[1] = encode::Imm(encode::kJalr, encode::kZero, reg,
                          distance - (upper << 12));
  }
  const unsigned jump_size = is_near ? 4 : 8;
  jump[0] = LittleEndian(jump[0]);
  jump[1] = LittleEndian(jump[1]);
  plan.method = machine::ProbeMethod::kRelocate;
  CopyBytes(plan.slot, plan.insn, plan.insn_size);
  CopyBytes(plan.slot + plan.insn_size, jump, jump_size);
  plan.slot_size = static_cast<uint8_t>(plan.insn_size + jump_size);
  return true;
}

}  // namespace ebpf::riscv64
