// SPDX-License-Identifier: MIT
//
// Which x86-64 instructions no probe may stand on.
#include "arch/x86_64/probe_subject.h"

namespace ebpf::x86_64 {
namespace {

/// System instructions of map 0f 01, by ModRM. The register forms that may be
/// stepped are named; who is new is refused.
bool MayProbe0f01(const ProbeSubject& s) {
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

bool MayProbe0f(const ProbeSubject& s) {
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
bool MayFollowSetIf(const ProbeSubject& s) {
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

bool MayProbeOneByte(const ProbeSubject& s) {
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

}  // namespace

bool MayProbe(const ProbeSubject& s) {
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

}  // namespace ebpf::x86_64
