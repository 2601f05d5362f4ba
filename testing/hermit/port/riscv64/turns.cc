// SPDX-License-Identifier: MIT
#include "testing/hermit/port/turns.h"

#include "arch/riscv64/machine/taken_frame.h"
#include "testing/hermit/port/riscv64/trap_probe.h"
#include "testing/hermit/port/turn_vectors.h"

namespace hermit {
namespace {

/// Of the last turns.
constinit Registers in = {};
constinit uint64_t stack_pointer = 0;

bool IsSame(const uint64_t (&x)[31]) {
  bool same = true;
  for (unsigned i = 0; i < 31; ++i) {
    same = same && (i == kSp || i == kA0 || x[i] == in.x[i]);
  }
  return same;
}

}  // namespace

constinit const uint32_t kTurnStacks = 1;

bool Turn(uint64_t turns, uint32_t /*stack*/) {
  for (unsigned i = 0; i < 31; ++i) {
    in.x[i] = 0x3333000000000000 + i;
  }
  in.x[kA0] = turns;
  // The kernel's interrupts may use these two as they are.
  asm volatile("mv %0, gp\n\tmv %1, tp" : "=r"(in.x[kGp]), "=r"(in.x[kTp]));
  Registers out = {};
  FillVectors();
  HermitTestTurns(&in, &out);
  stack_pointer = out.x[kSp];
  return out.x[kA0] == 0 && IsSame(out.x) && VectorsAreSame();
}

bool IsTurning(const ebpf::TakenFrame& regs) {
  const auto turn = reinterpret_cast<uintptr_t>(HermitTestTurn);
  return regs.pc == turn || regs.pc == turn + 4;
}

bool HasTurnsRegisters(const ebpf::TakenFrame& regs, uint32_t /*stack*/) {
  return (stack_pointer == 0 || regs.x[kSp] == stack_pointer) && IsSame(regs.x);
}

void SpoilRegister(ebpf::TakenFrame& regs) {
  constexpr unsigned kS5 = 20;  // x21
  regs.x[kS5] = 7;
}

void SpoilVector() { asm volatile("fmv.d.x f7, zero"); }

}  // namespace hermit
