// SPDX-License-Identifier: MIT
//
// One x86-64 instruction and what a probe on it can do, class by class: the
// parts of ProbedInsn::Plan.
#pragma once

#include "arch/x86_64/insn_decoder.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/probe_plan.h"

namespace ebpf::x86_64 {

/// A decoded instruction and what its classes look at.
struct ProbeSubject {
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

/// Whether a probe may stand on it at all (forbidden_insn.cc).
bool MayProbe(const ProbeSubject& s);

/// Plans to do in the trap what it does; false if that cannot be, with `plan`
/// as before (emulated_insn.cc).
bool PlanEmulation(const ProbeSubject& s, machine::ProbePlan& plan);

/// Plans to run it in a slot with a breakpoint behind it. kInvalid: no slot
/// would do (stepped_insn.cc).
Status PlanStep(const ProbeSubject& s, machine::ProbePlan& plan);

}  // namespace ebpf::x86_64
