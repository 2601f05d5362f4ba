// SPDX-License-Identifier: MIT
//
// Which x86-64 instructions can be probed, and how: the plan, by classes as
// probe_subject.h says. emulation.cc carries it out.
#include "arch/x86_64/probed_insn.h"

#include "arch/x86_64/breakpoint.h"
#include "arch/x86_64/insn_decoder.h"
#include "arch/x86_64/probe_subject.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbePlan;

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
  const ProbeSubject subject = {
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
