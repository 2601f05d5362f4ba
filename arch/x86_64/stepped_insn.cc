// SPDX-License-Identifier: MIT
//
// What the slot of a stepped x86-64 instruction holds.
#include "arch/x86_64/breakpoint.h"
#include "arch/x86_64/emulation.h"
#include "arch/x86_64/probe_subject.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

void AppendInt3(ProbePlan& plan) {
  plan.step_trap_offset = plan.slot_size;
  plan.slot[plan.slot_size++] = Breakpoint::kInt3[0];
}

void SetStep(ProbePlan& plan, Emulation kind, unsigned borrowed_plus_one = 0,
             uint64_t operand = 0) {
  plan.method = ProbeMethod::kStep;
  plan.emulation = Encode(kind, borrowed_plus_one);
  plan.operand = operand;
}

/// A register that an instruction with a memory operand does not use: of these
/// three none is ever implied beside one.
unsigned RegisterToBorrow(const ProbeSubject& s) {
  if (s.Reg() != kRsi && s.insn.vvvv != kRsi) {
    return kRsi;
  }
  return s.Reg() != kRdi && s.insn.vvvv != kRdi ? kRdi : kRbp;
}

/// Makes the copy in the slot address memory from `base`, a register without
/// REX.B that holds the address of the next instruction.
void MakeBaseRelative(const ProbeSubject& s, unsigned base, ProbePlan& plan) {
  uint8_t& modrm = plan.slot[s.insn.modrm_offset];
  modrm = static_cast<uint8_t>(0x80 | (modrm & 0x38) | base);
  switch (s.insn.encoding) {
    case InsnEncoding::kLegacy:
      if (s.insn.rex != 0) {
        plan.slot[s.insn.rex_offset] &= 0xfe;
      }
      break;
    case InsnEncoding::kVex:
    case InsnEncoding::kEvex:
      // Three bytes and more have B there, inverted. The two-byte form has R
      // and X, B being 0: it has its opcode right behind.
      if (s.insn.opcode_offset - s.insn.rex_offset != 2) {
        plan.slot[s.insn.rex_offset + 1] |= 0x20;
      }
      break;
  }
}

/// jmp through memory becomes a load of rsi from there; `rex_b`: the base
/// register is one of r8 to r15.
void MakeLoadOfRsi(const ProbeSubject& s, bool rex_b, ProbePlan& plan) {
  const uint8_t at = s.insn.opcode_offset;
  if (s.insn.rex == 0) {
    for (unsigned i = plan.slot_size++; i > at; --i) {
      plan.slot[i] = plan.slot[i - 1];
    }
  }
  const unsigned opcode_at = s.insn.rex == 0 ? at + 1 : at;
  plan.slot[opcode_at - 1] =
      static_cast<uint8_t>(0x48 | (s.insn.rex_x() ? 2 : 0) | (rex_b ? 1 : 0));
  plan.slot[opcode_at] = 0x8b;
  uint8_t& modrm = plan.slot[opcode_at + 1];
  modrm = static_cast<uint8_t>((modrm & 0xc7) | kRsi << 3);
}

/// call and jmp through a register or memory.
bool PlanStepVia(const ProbeSubject& s, ProbePlan& plan) {
  if (!s.IsOneByte(0xff)) {
    return false;
  }
  const bool relative = s.insn.IsRipRelative();
  if (s.insn.reg_field() == 2) {
    // A push of the target: rsp moves as the call would move it, and an operand
    // relative to rsp is the same.
    plan.slot[s.insn.modrm_offset] |= 6 << 3;
    SetStep(plan, Emulation::kStepCallVia, relative ? kRsi + 1 : 0,
            relative ? s.next : 0);
    if (relative) {
      MakeBaseRelative(s, kRsi, plan);
    }
    return true;
  }
  if (s.insn.reg_field() == 4) {
    if (relative) {
      MakeBaseRelative(s, kRsi, plan);
    }
    MakeLoadOfRsi(s, s.insn.rex_b() && !relative, plan);
    SetStep(plan, Emulation::kStepJumpVia, kRsi + 1, relative ? s.next : 0);
    return true;
  }
  return false;
}

void SetSlot(ProbePlan& plan, ConstBytes bytes) {
  CopyBytes(plan.slot, bytes.data(), bytes.size());
  plan.slot_size = static_cast<uint8_t>(bytes.size());
}

/// Instructions whose copy would not do at all.
bool PlanStepOfBranch(const ProbeSubject& s, ProbePlan& plan) {
  if (s.IsOneByte(0xe8)) {
    constexpr uint8_t kPushZero[] = {0x6a, 0x00};
    SetSlot(plan, kPushZero);
    SetStep(plan, Emulation::kStepCall, 0, s.Target());
    return true;
  }
  if (s.IsOneByte(0xc2) || s.IsOneByte(0xc3)) {
    uint8_t lea[] = {0x48, 0x8d, 0xa4, 0x24, 0, 0, 0, 0};  // lea rsp, [rsp+n]
    const uint32_t drop =
        8 + (s.IsOneByte(0xc2) ? static_cast<uint16_t>(s.Immediate()) : 0u);
    CopyBytes(lea + 4, &drop, sizeof(drop));
    SetSlot(plan, lea);
    SetStep(plan, Emulation::kStepReturn);
    return true;
  }
  return PlanStepVia(s, plan);
}

}  // namespace

Status PlanStep(const ProbeSubject& s, ProbePlan& plan) {
  if (s.insn.IsRipRelative() && s.insn.address_size_32) {
    return Status::kInvalid;  // relative to eip: no register can stand for it
  }
  SetSlot(plan, ConstBytes(s.bytes, s.insn.size));
  if (!PlanStepOfBranch(s, plan)) {
    if (s.insn.IsRipRelative()) {
      const unsigned base = RegisterToBorrow(s);
      MakeBaseRelative(s, base, plan);
      SetStep(plan, Emulation::kStep, base + 1, s.next);
    } else {
      SetStep(plan,
              s.IsOneByte(0x9c) ? Emulation::kStepPushFlags : Emulation::kStep);
    }
  }
  if (plan.slot_size > DecodedInsn::kMaxSize) {
    return Status::kInvalid;  // it was full of prefixes, and grew
  }
  AppendInt3(plan);
  return Status::kOk;
}

}  // namespace ebpf::x86_64
