// SPDX-License-Identifier: MIT
//
// Which x86-64 instructions can be probed, and how: the plan. emulation.cc
// carries it out.
#include "arch/x86_64/probed_insn.h"

#include "arch/x86_64/breakpoint.h"
#include "arch/x86_64/emulation.h"
#include "arch/x86_64/insn_decoder.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

/// One instruction with what its classes look at.
struct Subject {
  DecodedInsn insn;
  const uint8_t* bytes;
  uint64_t next;         // the address behind it
  ConstBytes following;  // the code behind it
  bool may_set_sp;       // the trap's stub sets rsp
  bool may_push;         // and leaves a gap below it

  bool Is(OpcodeMap map, uint8_t opcode) const {
    return insn.encoding == InsnEncoding::kLegacy && insn.map == map &&
           insn.opcode == opcode;
  }
  bool IsOneByte(uint8_t opcode) const {
    return Is(OpcodeMap::kOneByte, opcode);
  }
  bool Is0f(uint8_t opcode) const { return Is(OpcodeMap::k0f, opcode); }

  unsigned Reg() const { return insn.reg_field() | (insn.rex_r() ? 8 : 0); }
  unsigned Rm() const { return insn.rm_field() | (insn.rex_b() ? 8 : 0); }
  /// The register in the low bits of an opcode.
  unsigned OpcodeReg() const {
    return (insn.opcode & 7) | (insn.rex_b() ? 8 : 0);
  }
  bool IsRegisterForm() const { return insn.mod() == 3; }
  int64_t Immediate() const {
    return LoadSigned(bytes + insn.immediate_offset, insn.immediate_size);
  }
  int64_t Displacement() const {
    return LoadSigned(bytes + insn.displacement_offset, insn.displacement_size);
  }
  /// The target of a branch: its immediate is relative to `next`.
  uint64_t Target() const { return next + static_cast<uint64_t>(Immediate()); }
};

/// System instructions of map 0f 01, by ModRM. The register forms that may be
/// stepped are named; who is new is refused.
bool MayProbe0f01(const Subject& s) {
  if (!s.IsRegisterForm()) {
    const unsigned reg = s.insn.reg_field();
    return reg == 0 || reg == 1 || reg == 4 ||
           reg == 7;  // not lgdt, lidt, lmsw
  }
  if (s.insn.reg_field() == 4) {
    return true;  // smsw
  }
  if (s.insn.repeat != 0 || s.insn.operand_size_16) {
    // Other instructions: eretu, erets, clui, stui, tdcall...
    return s.insn.modrm == 0xd9 && !s.insn.operand_size_16;  // vmgexit
  }
  switch (s.insn.modrm) {
    case 0xc1:  // vmcall
    case 0xca:  // clac
    case 0xcb:  // stac
    case 0xd0:  // xgetbv
    case 0xd1:  // xsetbv
    case 0xd9:  // vmmcall
    case 0xee:  // rdpkru
    case 0xef:  // wrpkru
    case 0xf9:  // rdtscp
      return true;
    default:
      return false;
  }
}

bool MayProbe0f(const Subject& s) {
  switch (s.insn.opcode) {
    case 0x00:
      return s.insn.reg_field() != 2 && s.insn.reg_field() != 3;  // lldt, ltr
    case 0x01:
      return MayProbe0f01(s);
    case 0x05:  // syscall
    case 0x07:  // sysret
    case 0x0b:  // ud2
    case 0x22:  // mov to a control register
    case 0x34:  // sysenter
    case 0x35:  // sysexit
    case 0x37:  // getsec
    case 0xa9:  // pop gs
    case 0xaa:  // rsm
    case 0xb2:  // lss
    case 0xb5:  // lgs
    case 0xb9:  // ud1
    case 0xff:  // ud0
      return false;
    case 0xae:  // wrgsbase
      return !(s.IsRegisterForm() && s.insn.repeat == 0xf3 &&
               s.insn.reg_field() == 3);
    default:
      return true;
  }
}

/// Whether interrupts may be let in right before what follows: the instruction
/// after sti runs before any, and some code depends on it.
bool MayFollowSetIf(const Subject& s) {
  const Result<DecodedInsn> next = DecodeInsn(s.following);
  if (!next.ok()) {
    return false;
  }
  const bool halt = next->map == OpcodeMap::kOneByte && next->opcode == 0xf4;
  const bool system =
      next->map == OpcodeMap::k0f &&
      (next->opcode == 0x01 || next->opcode == 0x07 || next->opcode == 0x35);
  return !halt && !system;
}

bool MayProbeOneByte(const Subject& s) {
  switch (s.insn.opcode) {
    case 0x8e: {
      // mov to a segment register: not to cs, ss, gs.
      const unsigned segment = s.insn.reg_field();
      return segment == 0 || segment == 3 || segment == 4;
    }
    case 0xc6:
    case 0xc7:
      return s.insn.reg_field() == 0;  // not xabort, xbegin
    case 0xca:                         // far ret
    case 0xcb:
    case 0xcc:  // int3, int, iret, int1
    case 0xcd:
    case 0xcf:
    case 0xf1:
    case 0xf4:  // hlt
      return false;
    case 0xfb:  // sti
      return MayFollowSetIf(s);
    case 0xe0:
    case 0xe1:
    case 0xe2:
    case 0xe3:
      // They would count in ecx; and some CPUs take a prefix F2 or F3 for the
      // condition of the opcode.
      return !s.insn.address_size_32 && !s.insn.operand_size_16 &&
             s.insn.repeat == 0;
    case 0xc2:
    case 0xc3:
    case 0xeb:
      return !s.insn.operand_size_16;  // CPUs differ
    case 0x9d:
      return !s.insn.operand_size_16 && s.may_set_sp;
    case 0x9c:
      return !s.insn.operand_size_16;
    case 0xff:
      // Far call and jump; near ones with prefix 66.
      return s.insn.reg_field() != 3 && s.insn.reg_field() != 5 &&
             !(s.insn.operand_size_16 && !s.insn.rex_w() &&
               (s.insn.reg_field() == 2 || s.insn.reg_field() == 4));
    default:
      return (s.insn.opcode & 0xf0) != 0x70 || !s.insn.operand_size_16;
  }
}

bool MayProbe(const Subject& s) {
  if (s.insn.encoding != InsnEncoding::kLegacy) {
    return true;
  }
  switch (s.insn.map) {
    case OpcodeMap::kOneByte:
      return MayProbeOneByte(s);
    case OpcodeMap::k0f:
      return MayProbe0f(s);
    default:
      return true;
  }
}

void SetEmulation(ProbePlan& plan, Emulation kind, unsigned reg = 0,
                  uint64_t operand = 0) {
  plan.method = ProbeMethod::kEmulate;
  plan.emulation = Encode(kind, reg);
  plan.operand = operand;
}

bool IsNop(const Subject& s) {
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
bool PlanMove(const Subject& s, ProbePlan& plan) {
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

bool PlanLea(const Subject& s, ProbePlan& plan) {
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
bool PlanStack(const Subject& s, ProbePlan& plan) {
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

bool PlanFlags(const Subject& s, ProbePlan& plan) {
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
bool PlanBranch(const Subject& s, ProbePlan& plan) {
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

bool PlanEmulation(const Subject& s, ProbePlan& plan) {
  if (IsNop(s)) {
    SetEmulation(plan, Emulation::kNop);
    return true;
  }
  return PlanMove(s, plan) || PlanLea(s, plan) || PlanStack(s, plan) ||
         PlanFlags(s, plan) || PlanBranch(s, plan);
}

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
unsigned RegisterToBorrow(const Subject& s) {
  if (s.Reg() != kRsi && s.insn.vvvv != kRsi) {
    return kRsi;
  }
  return s.Reg() != kRdi && s.insn.vvvv != kRdi ? kRdi : kRbp;
}

/// Makes the copy in the slot address memory from `base`, a register without
/// REX.B that holds the address of the next instruction.
void MakeBaseRelative(const Subject& s, unsigned base, ProbePlan& plan) {
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
void MakeLoadOfRsi(const Subject& s, bool rex_b, ProbePlan& plan) {
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
bool PlanStepVia(const Subject& s, ProbePlan& plan) {
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
bool PlanStepOfBranch(const Subject& s, ProbePlan& plan) {
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

Status PlanStep(const Subject& s, ProbePlan& plan) {
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

constexpr size_t kHypervisorPrefixSize = 5;

/// Whether `code` begins with what asks Xen or KVM to emulate the instruction
/// behind it: ud2 and three letters, which are no instructions.
bool IsHypervisorPrefix(ConstBytes code) {
  constexpr uint8_t kXen[] = {0x0f, 0x0b, 'x', 'e', 'n'};
  constexpr uint8_t kKvm[] = {0x0f, 0x0b, 'k', 'v', 'm'};
  if (code.size() < kHypervisorPrefixSize) {
    return false;
  }
  const ConstBytes begin = code.First(kHypervisorPrefixSize);
  return EqualBytes(begin, kXen) || EqualBytes(begin, kKvm);
}

/// mov to ss, and lss: until the end of the next instruction the CPU holds back
/// debug exceptions, which a breakpoint there would take into the trap.
bool LoadsSs(const DecodedInsn& insn) {
  if (insn.encoding != InsnEncoding::kLegacy) {
    return false;
  }
  return insn.map == OpcodeMap::kOneByte
             ? insn.opcode == 0x8e && insn.reg_field() == 2
             : insn.map == OpcodeMap::k0f && insn.opcode == 0xb2;
}

/// The decoded instruction at `offset`, if it begins there and can be trapped.
Result<DecodedInsn> DecodeAt(ConstBytes code, size_t offset) {
  size_t at = 0;
  bool behind_ss = false;
  while (at < offset) {
    if (IsHypervisorPrefix(code.Subspan(at))) {
      at += kHypervisorPrefixSize;  // one instruction with the next
      if (at >= offset) {
        return Status::kBadSequence;
      }
    }
    const DecodedInsn insn = EBPF_TRY(DecodeInsn(code.Subspan(at)));
    at += insn.size;
    behind_ss = LoadsSs(insn);
  }
  if (at != offset) {
    return Status::kBadSequence;
  }
  const DecodedInsn insn = EBPF_TRY(DecodeInsn(code.Subspan(at)));
  if (behind_ss) {
    return Status::kInvalid;
  }
  return insn;
}

}  // namespace

Result<uint8_t> ProbedInsn::Size(ConstBytes code) {
  const DecodedInsn insn = EBPF_TRY(DecodeInsn(code));
  return insn.size;
}

Result<ProbePlan> ProbedInsn::Plan(ConstBytes code, uint64_t function,
                                   size_t offset, uint32_t trap_stub) {
  if (offset >= code.size()) {
    return Status::kInvalid;
  }
  const DecodedInsn insn = EBPF_TRY(DecodeAt(code, offset));
  const bool may_set_sp = (trap_stub & machine::kTrapStubSetsSp) != 0;
  const Subject subject = {
      .insn = insn,
      .bytes = code.data() + offset,
      .next = function + offset + insn.size,
      .following = code.Subspan(offset + insn.size),
      .may_set_sp = may_set_sp,
      .may_push = may_set_sp && (trap_stub & machine::kTrapStubLeavesGap) != 0,
  };
  if (!MayProbe(subject)) {
    return Status::kInvalid;
  }
  ProbePlan plan = {};
  plan.address = function + offset;
  plan.insn_size = insn.size;
  plan.breakpoint_size = sizeof(Breakpoint::kInt3);
  CopyBytes(plan.insn, subject.bytes, insn.size);
  CopyBytes(plan.breakpoint, Breakpoint::kInt3, sizeof(Breakpoint::kInt3));
  if (!PlanEmulation(subject, plan)) {
    EBPF_TRY(PlanStep(subject, plan));
  }
  return plan;
}

}  // namespace ebpf::x86_64
