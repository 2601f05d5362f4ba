// SPDX-License-Identifier: MIT
#include "testing/hermit/port/turns.h"

#include "arch/aarch64/machine/taken_frame.h"
#include "testing/hermit/port/aarch64/trap_probe.h"

namespace hermit {
namespace {

constexpr uint64_t kFlags = uint64_t{0b1010} << 28;
constexpr uint64_t kFlagsMask = uint64_t{0b1111} << 28;

uint64_t Before(unsigned index) { return 0x3333000000000000 + index; }

constexpr uint32_t kStacks = 2;
/// Of the last turns; 0: none yet.
uint64_t stack_pointers[kStacks] = {};

}  // namespace

constinit const uint32_t kTurnStacks = kStacks;

bool Turn(uint64_t turns, uint32_t stack) {
  Registers in = {};
  Registers out = {};
  for (unsigned i = 0; i < 31; ++i) {
    in.x[i] = Before(i);
  }
  in.x[0] = turns;
  in.flags = kFlags;
  HermitTestTurns(&in, &out, static_cast<Stack>(stack));
  stack_pointers[stack] = out.sp;
  bool same = out.x[0] == 0 && out.flags == kFlags;
  for (unsigned i = 1; i < 31; ++i) {
    same = same && out.x[i] == Before(i);
  }
  return same;
}

bool IsTurning(const ebpf::TakenFrame& regs) {
  const auto turn = reinterpret_cast<uintptr_t>(HermitTestTurn);
  return regs.pc == turn || regs.pc == turn + 4;
}

bool HasTurnsRegisters(const ebpf::TakenFrame& regs, uint32_t stack) {
  const uint64_t sp = stack_pointers[stack];
  bool same = (sp == 0 || regs.sp == sp) && (regs.pstate & 1) == stack &&
              (regs.pstate & kFlagsMask) == kFlags;
  for (unsigned i = 1; i < 31; ++i) {
    same = same && regs.x[i] == Before(i);
  }
  return same;
}

void SpoilRegister(ebpf::TakenFrame& regs) { regs.x[21] = 7; }

// Hermit 0.11 lets nobody use them on this CPU.
void SpoilVector() {}

}  // namespace hermit
