// SPDX-License-Identifier: MIT
//
// Which x86-64 instructions are done in the trap; emulation.cc does them.
#include "arch/x86_64/emulation.h"
#include "arch/x86_64/probe_subject.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

void SetEmulation(ProbePlan& plan, Emulation kind, unsigned reg = 0,
                  uint64_t operand = 0) {
  plan.method = ProbeMethod::kEmulate;
  plan.emulation = Encode(kind, reg);
  plan.operand = operand;
}

bool IsNop(const ProbeSubject& s) {
  if (s.IsOneByte(0x90)) {
    return !s.insn.rex_b();  // with REX.B it is xchg; with F3 pause
  }
  if (s.Is0f(0x1e)) {
    // endbr64, endbr32
    return s.insn.repeat == 0xf3 && (s.insn.modrm & 0xfe) == 0xfa;
  }
  return s.Is0f(0x1f);
}

/// mov between registers and of constants to them; lea.
bool PlanMove(const ProbeSubject& s, ProbePlan& plan) {
  if (s.insn.operand_size_16 || s.insn.encoding != InsnEncoding::kLegacy ||
      s.insn.map != OpcodeMap::kOneByte) {
    return false;
  }
  const bool wide = s.insn.rex_w();
  const uint8_t opcode = s.insn.opcode;
  if ((opcode == 0x89 || opcode == 0x8b) && s.IsRegisterForm()) {
    const unsigned to = opcode == 0x89 ? s.Rm() : s.Reg();
    const unsigned from = opcode == 0x89 ? s.Reg() : s.Rm();
    if (to == kRsp && !s.may_set_sp) {
      return false;
    }
    SetEmulation(plan, wide ? Emulation::kMove64 : Emulation::kMove32, to,
                 from);
    return true;
  }
  const bool to_opcode_reg = (opcode & 0xf8) == 0xb8;
  if (to_opcode_reg || (opcode == 0xc7 && s.IsRegisterForm())) {
    const unsigned to = to_opcode_reg ? s.OpcodeReg() : s.Rm();
    if (to == kRsp) {
      return false;
    }
    const auto value = static_cast<uint64_t>(s.Immediate());
    SetEmulation(plan, Emulation::kMoveConstant, to,
                 wide ? value : static_cast<uint32_t>(value));
    return true;
  }
  return false;
}

bool PlanLea(const ProbeSubject& s, ProbePlan& plan) {
  if (!s.IsOneByte(0x8d) || s.IsRegisterForm() || s.insn.operand_size_16 ||
      s.insn.address_size_32) {
    return false;
  }
  const unsigned to = s.Reg();
  if (to == kRsp && !s.may_set_sp) {
    return false;
  }
  const Emulation kind = s.insn.rex_w() ? Emulation::kLea64 : Emulation::kLea32;
  const auto displacement = static_cast<int32_t>(s.Displacement());
  if (s.insn.IsRipRelative()) {
    const uint64_t address =
        s.next + static_cast<uint64_t>(static_cast<int64_t>(displacement));
    SetEmulation(plan, Emulation::kMoveConstant, to,
                 s.insn.rex_w() ? address : static_cast<uint32_t>(address));
    return true;
  }
  unsigned base = s.Rm();
  unsigned index = LeaOperand::kNoReg;
  unsigned scale = 0;
  if (s.insn.rm_field() == 4) {
    base = (s.insn.sib & 7) | (s.insn.rex_b() ? 8 : 0);
    if ((s.insn.sib & 7) == 5 && s.insn.mod() == 0) {
      base = LeaOperand::kNoReg;
    }
    index = (s.insn.sib >> 3 & 7) | (s.insn.rex_x() ? 8 : 0);
    scale = s.insn.sib >> 6;
    if (index == kRsp) {
      index = LeaOperand::kNoReg;  // the encoding of none
    }
  }
  SetEmulation(plan, kind, to,
               LeaOperand::Encode(base, index, scale, displacement));
  return true;
}

/// push, pop, leave, add and sub to rsp, where the stub allows it.
bool PlanStack(const ProbeSubject& s, ProbePlan& plan) {
  if (!s.may_set_sp || s.insn.operand_size_16 ||
      s.insn.encoding != InsnEncoding::kLegacy ||
      s.insn.map != OpcodeMap::kOneByte) {
    return false;
  }
  const uint8_t opcode = s.insn.opcode;
  if ((opcode & 0xf8) == 0x58) {
    SetEmulation(plan, Emulation::kPopReg, s.OpcodeReg());
    return true;
  }
  if (opcode == 0xc9) {
    SetEmulation(plan, Emulation::kLeave);
    return true;
  }
  if ((opcode == 0x81 || opcode == 0x83) && s.IsRegisterForm() &&
      s.Rm() == kRsp && s.insn.rex_w() &&
      (s.insn.reg_field() == 0 || s.insn.reg_field() == 5)) {
    SetEmulation(
        plan, s.insn.reg_field() == 0 ? Emulation::kAddSp : Emulation::kSubSp,
        0, static_cast<uint64_t>(s.Immediate()));
    return true;
  }
  if (!s.may_push) {
    return false;
  }
  if ((opcode & 0xf8) == 0x50) {
    SetEmulation(plan, Emulation::kPushReg, s.OpcodeReg());
    return true;
  }
  if (opcode == 0x68 || opcode == 0x6a) {
    SetEmulation(plan, Emulation::kPushConst, 0,
                 static_cast<uint64_t>(s.Immediate()));
    return true;
  }
  return false;
}

bool PlanFlags(const ProbeSubject& s, ProbePlan& plan) {
  if (s.IsOneByte(0xfa)) {
    SetEmulation(plan, Emulation::kClearIf);
  } else if (s.IsOneByte(0xfb)) {
    SetEmulation(plan, Emulation::kSetIf);
  } else if (s.IsOneByte(0x9d)) {
    SetEmulation(plan, Emulation::kPopFlags);
  } else if (s.IsOneByte(0x9c) && s.may_push) {
    SetEmulation(plan, Emulation::kPushFlags);
  } else {
    return false;
  }
  return true;
}

/// Branches that leave no trace but rip; calls and returns where the stub
/// allows them.
bool PlanBranch(const ProbeSubject& s, ProbePlan& plan) {
  const uint8_t opcode = s.insn.opcode;
  if (s.insn.encoding != InsnEncoding::kLegacy) {
    return false;
  }
  if (s.insn.map == OpcodeMap::k0f) {
    if ((opcode & 0xf0) != 0x80) {
      return false;
    }
    SetEmulation(plan, Emulation::kJumpIf, opcode & 15, s.Target());
    return true;
  }
  if (s.insn.map != OpcodeMap::kOneByte) {
    return false;
  }
  if (opcode == 0xe9 || opcode == 0xeb) {
    SetEmulation(plan, Emulation::kJump, 0, s.Target());
  } else if ((opcode & 0xf0) == 0x70) {
    SetEmulation(plan, Emulation::kJumpIf, opcode & 15, s.Target());
  } else if (opcode >= 0xe0 && opcode <= 0xe3) {
    SetEmulation(plan, Emulation::kLoop, opcode & 3, s.Target());
  } else if (opcode == 0xe8 && s.may_push) {
    SetEmulation(plan, Emulation::kCall, 0, s.Target());
  } else if (opcode == 0xff && s.IsRegisterForm() && s.insn.reg_field() == 4) {
    SetEmulation(plan, Emulation::kJumpReg, s.Rm());
  } else if (opcode == 0xff && s.IsRegisterForm() && s.insn.reg_field() == 2 &&
             s.may_push) {
    SetEmulation(plan, Emulation::kCallReg, s.Rm());
  } else if ((opcode == 0xc2 || opcode == 0xc3) && s.may_set_sp) {
    SetEmulation(plan, Emulation::kReturn, 0,
                 opcode == 0xc2 ? static_cast<uint16_t>(s.Immediate()) : 0);
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool PlanEmulation(const ProbeSubject& s, ProbePlan& plan) {
  if (IsNop(s)) {
    SetEmulation(plan, Emulation::kNop);
    return true;
  }
  return PlanMove(s, plan) || PlanLea(s, plan) || PlanStack(s, plan) ||
         PlanFlags(s, plan) || PlanBranch(s, plan);
}

}  // namespace ebpf::x86_64
