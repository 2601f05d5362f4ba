// SPDX-License-Identifier: MIT
#include "testing/hermit/port/turns.h"

#include "arch/x86_64/machine/taken_frame.h"
#include "testing/hermit/port/turn_vectors.h"
#include "testing/hermit/port/x86_64/trap_probe.h"

namespace hermit {
namespace {

uint64_t Before(size_t index) { return 0x3333000000000000 + index; }

/// Whether `words`, as pt_regs has them, are those but rcx, which counts.
bool IsSame(const uint64_t* words) {
  bool same = true;
  for (size_t i = 0; i < kRegisterCount; ++i) {
    same = same && (i == kRcx || words[i] == Before(i));
  }
  return same;
}

}  // namespace

constinit const uint32_t kTurnStacks = 1;

bool Turn(uint64_t turns, uint32_t /*stack*/) {
  uint64_t in[kRegisterCount];
  uint64_t out[kRegisterCount] = {};
  for (size_t i = 0; i < kRegisterCount; ++i) {
    in[i] = Before(i);
  }
  in[kRcx] = turns;
  FillVectors();
  HermitTestTurns(&in, &out);
  return out[kRcx] == 0 && IsSame(out) && VectorsAreSame();
}

bool IsTurning(const ebpf::TakenFrame& regs) {
  return regs.pc == reinterpret_cast<uintptr_t>(HermitTestTurn);
}

bool HasTurnsRegisters(const ebpf::TakenFrame& regs, uint32_t /*stack*/) {
  return IsSame(&regs.r15);
}

void SpoilRegister(ebpf::TakenFrame& regs) { regs.r12 = 7; }

void SpoilVector() { asm volatile("pxor %xmm7, %xmm7"); }

}  // namespace hermit
