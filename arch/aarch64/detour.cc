// SPDX-License-Identifier: MIT
//
// arch/aarch64/detour.h's implementation. Encodings: [arm/arm: C6].
#include "arch/aarch64/detour.h"

#include "arch/aarch64/emulation.h"
#include "arch/aarch64/pt_regs.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::aarch64 {

// The slot's own stack frame begins at x30.
static_assert(offsetof(PtRegs, pstate) - offsetof(PtRegs, x[30]) == 24);
static_assert(sizeof(PtRegs) - offsetof(PtRegs, x[30]) == 32);

namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint32_t kPushLink = 0xf81e0ffe;    // str x30, [sp, #-32]!
constexpr uint32_t kLoadPstate = 0xf9400ffe;  // ldr x30, [sp, #24]
constexpr uint32_t kUnmask = 0xd51b423e;      // msr daif, x30
constexpr uint32_t kPopLink = 0xf84207fe;     // ldr x30, [sp], #32
constexpr uint32_t kNop = 0xd503201f;
constexpr uint32_t kBranch = 0x14000000;
constexpr uint32_t kCall = 0x94000000;

/// B or BL from one place to another, if it reaches.
bool MakeBranch(uint32_t opcode, uint64_t from, uint64_t to, uint32_t* word) {
  constexpr int64_t kReach = int64_t{1} << 27;
  const auto distance = static_cast<int64_t>(to - from);
  if (distance < -kReach || distance >= kReach) {
    return false;
  }
  *word = opcode | (static_cast<uint32_t>(distance >> 2) & 0x03ffffff);
  return true;
}

uint32_t WordOf(const ProbePlan& plan) {
  uint32_t word = 0;
  CopyBytes(&word, plan.insn, sizeof(word));
  return LittleEndian(word);
}

}  // namespace

bool Detour::IsPossible(const ProbePlan& plan) {
  const uint32_t word = WordOf(plan);
  const bool branch_or_system = (word >> 26 & 7) == 5;
  if (branch_or_system) {
    return word == kNop;
  }
  if (plan.method == ProbeMethod::kStep) {
    return true;
  }
  switch (static_cast<Emulation>(plan.emulation & 0xff)) {
    case Emulation::kSetConstant:
      return (word & 0x1f000000) != 0x10000000;  // not adr, adrp
    case Emulation::kMove64:
    case Emulation::kMove32:
    case Emulation::kAddImmediate:
    case Emulation::kStackAccess:
      return true;
    default:
      return false;
  }
}

bool Detour::Make(ProbePlan& plan, const machine::DetourWindow& /*window*/,
                  uint64_t slot, uint64_t entry) {
  constexpr unsigned kCopy = 5;
  constexpr unsigned kBack = 6;
  constexpr unsigned kAddress = 7;  // where machine/detour.S looks for it
  uint32_t words[machine::kMaxSlotSize / 4] = {
      kPushLink, 0, kLoadPstate, kUnmask, kPopLink, WordOf(plan), 0, 0};
  uint32_t there = 0;
  if (!MakeBranch(kBranch, plan.address, slot, &there) ||
      !MakeBranch(kCall, slot + 4, entry, &words[1]) ||
      !MakeBranch(kBranch, slot + kBack * 4, plan.address + 4, &words[kBack])) {
    return false;
  }
  words[kAddress] = static_cast<uint32_t>(plan.address - (slot + 8));
  for (uint32_t& word : words) {
    word = LittleEndian(word);
  }
  there = LittleEndian(there);
  plan.method = ProbeMethod::kDetour;
  plan.copy_offset = kCopy * 4;
  plan.slot_size = sizeof(words);
  CopyBytes(plan.slot, words, sizeof(words));
  plan.window_size = plan.jump_size = sizeof(there);
  CopyBytes(plan.jump, &there, sizeof(there));
  return true;
}

}  // namespace ebpf::aarch64
