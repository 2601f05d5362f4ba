// SPDX-License-Identifier: MIT
//
// Which AArch64 instructions can be probed, and how: the plan. emulation.cc
// carries it out. [arm/arm: A64 instruction set encoding]
#include "arch/aarch64/probed_insn.h"

#include "arch/aarch64/breakpoint.h"
#include "arch/aarch64/emulation.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint8_t kInsnSize = 4;

/// What becomes of an instruction.
enum class Verdict : uint8_t { kRefuse, kEmulate, kStep };

/// One instruction and the plan that is made for it.
struct Subject {
  uint32_t insn;
  uint64_t address;
  bool may_set_sp;
  bool may_push;
  ProbePlan& plan;

  bool Is(uint32_t mask, uint32_t value) const {
    return (insn & mask) == value;
  }
  unsigned Bits(unsigned from, unsigned count) const {
    return insn >> from & ((1u << count) - 1);
  }
  unsigned Rd() const { return Bits(0, 5); }
  unsigned Rn() const { return Bits(5, 5); }

  Verdict Emulate(Emulation kind, unsigned a, unsigned b,
                  uint64_t operand) const {
    plan.emulation = EmulationCode{kind, a, b}.Encode();
    plan.operand = operand;
    return Verdict::kEmulate;
  }
  /// The address that is `count` bits at `from`, signed, instructions away.
  uint64_t Target(unsigned from, unsigned count) const {
    return address +
           static_cast<uint64_t>(SignExtend(Bits(from, count), count) << 2);
  }
};

/// Hints: what is not listed waits, or signals other CPUs. [arm/arm: HINT]
Verdict PlanHint(const Subject& s) {
  switch (s.Bits(5, 7)) {
    case 0:   // nop
    case 32:  // bti
    case 34:  // bti c
    case 36:  // bti j
    case 38:  // bti jc
      return s.Emulate(Emulation::kNop, 0, 0, 0);
    case 7:   // xpaclri
    case 8:   // pacia1716
    case 10:  // pacib1716
    case 12:  // autia1716
    case 14:  // autib1716
    case 24:  // paciaz
    case 25:  // paciasp
    case 26:  // pacibz
    case 27:  // pacibsp
    case 28:  // autiaz
    case 29:  // autiasp
    case 30:  // autibz
    case 31:  // autibsp
      return Verdict::kStep;
    default:
      return Verdict::kRefuse;
  }
}

/// The class of system instructions. [arm/arm: System instructions]
Verdict PlanSystem(const Subject& s) {
  if (s.Is(0xfffff01f, 0xd503201f)) {
    return PlanHint(s);
  }
  if (s.Is(0xfffff01f, 0xd503301f)) {
    return s.Bits(5, 3) == 2 ? Verdict::kRefuse : Verdict::kStep;  // clrex
  }
  if (s.Is(0xfff00000, 0xd5300000)) {                 // mrs
    const bool reads_daif = s.Bits(5, 15) == 0x5a11;  // 3, 3, c4, c2, 1
    return reads_daif ? Verdict::kRefuse : Verdict::kStep;
  }
  if (s.Is(0xffd80000, 0xd5080000)) {
    return Verdict::kStep;  // sys, sysl: maintenance of caches and TLBs
  }
  return Verdict::kRefuse;  // msr, and what is new
}

/// Branches, exceptions and system instructions. [arm/arm: Branches, Exception
/// generating and System instructions]
Verdict PlanBranch(const Subject& s) {
  const unsigned rt = s.Rd();
  if (s.Is(0x7c000000, 0x14000000)) {  // b, bl
    const bool links = s.Bits(31, 1) != 0;
    return s.Emulate(links ? Emulation::kCall : Emulation::kJump, 0, 0,
                     s.Target(0, 26));
  }
  if (s.Is(0xff000010, 0x54000000)) {  // b.cond
    return s.Emulate(Emulation::kJumpIf, s.Bits(0, 4), 0, s.Target(5, 19));
  }
  if (s.Is(0x7e000000, 0x34000000)) {  // cbz, cbnz
    const bool wide = s.Bits(31, 1) != 0;
    return s.Emulate(
        s.Bits(24, 1) != 0 ? Emulation::kJumpIfNotZero : Emulation::kJumpIfZero,
        wide ? 0 : 1, rt, s.Target(5, 19));
  }
  if (s.Is(0x7e000000, 0x36000000)) {  // tbz, tbnz
    const unsigned bit = s.Bits(19, 5) | s.Bits(31, 1) << 5;
    return s.Emulate(s.Bits(24, 1) != 0 ? Emulation::kJumpIfBitSet
                                        : Emulation::kJumpIfBitClear,
                     0, rt, BitTarget::Encode(s.Target(5, 14), bit));
  }
  if (s.Is(0xff9ffc1f, 0xd61f0000)) {  // br, blr, ret
    switch (s.Bits(21, 2)) {
      case 0:
      case 2:
        return s.Emulate(Emulation::kJumpReg, 0, s.Rn(), 0);
      case 1:
        return s.Emulate(Emulation::kCallReg, 0, s.Rn(), 0);
      default:
        return Verdict::kRefuse;
    }
  }
  if (s.Is(0xffc00000, 0xd5000000)) {
    return PlanSystem(s);
  }
  return Verdict::kRefuse;  // exceptions, eret, authenticated branches
}

/// Data processing with immediates.
Verdict PlanImmediate(const Subject& s) {
  if (s.Is(0x1f000000, 0x10000000)) {  // adr, adrp
    const uint64_t distance = static_cast<uint64_t>(
        SignExtend(s.Bits(29, 2) | s.Bits(5, 19) << 2, 21));
    const bool is_page = s.Bits(31, 1) != 0;
    return s.Emulate(
        Emulation::kConstant, s.Rd(), 0,
        is_page ? AlignDown(s.address, uint64_t{4096}) + (distance << 12)
                : s.address + distance);
  }
  if (s.Is(0xbf800000, 0x91000000)) {  // add, sub of 64 bits, without flags
    if (s.Rd() == kReg31 && !s.may_set_sp) {
      return Verdict::kStep;
    }
    const uint64_t value = uint64_t{s.Bits(10, 12)}
                           << (s.Bits(22, 1) != 0 ? 12 : 0);
    const bool is_sub = s.Bits(30, 1) != 0;
    return s.Emulate(Emulation::kAdd, s.Rd(), s.Rn(),
                     is_sub ? 0 - value : value);
  }
  return Verdict::kStep;
}

/// ldr of a literal. [arm/arm: Load register (literal)]
Verdict PlanLiteral(const Subject& s) {
  if (s.Bits(26, 1) != 0) {
    return Verdict::kRefuse;  // into a vector register
  }
  static constexpr Emulation kKinds[] = {
      Emulation::kLoadWord, Emulation::kLoadDouble, Emulation::kLoadSigned,
      Emulation::kNop};  // prfm
  return s.Emulate(kKinds[s.Bits(30, 2)], s.Rd(), 0, s.Target(5, 19));
}

constexpr bool IsExclusiveAccess(uint32_t insn) {
  // o2 (bit 23) is 0 for exclusives, and for casp, whose bit 31 is 0 with o1
  // (bit 21) 1. [arm/arm: Load/store exclusive]
  const bool is_class = (insn & 0x3f800000) == 0x08000000;
  const bool is_casp = (insn & 0x80200000) == 0x00200000;
  return is_class && !is_casp;
}

constexpr bool IsExclusiveLoad(uint32_t insn) {
  return IsExclusiveAccess(insn) && (insn >> 22 & 1) != 0;
}

Verdict PlanAccess(const Subject& s) {
  if (s.Is(0x3b000000, 0x18000000)) {
    return PlanLiteral(s);
  }
  if (IsExclusiveAccess(s.insn)) {
    return Verdict::kRefuse;
  }
  const bool to_stack = s.Rn() == kReg31 && s.may_set_sp && s.may_push;
  if (to_stack && s.Is(0xffc00000, 0xa9800000)) {  // stp x, x, [sp, #n]!
    const int64_t move = SignExtend(s.Bits(15, 7), 7) * 8;
    if (move < 0) {
      return s.Emulate(Emulation::kStorePair, s.Rd(), s.Bits(10, 5),
                       static_cast<uint64_t>(move));
    }
  }
  if (to_stack && s.Is(0xffe00c00, 0xf8000c00)) {  // str x, [sp, #n]!
    const int64_t move = SignExtend(s.Bits(12, 9), 9);
    if (move < 0) {
      return s.Emulate(Emulation::kStoreOne, s.Rd(), 0,
                       static_cast<uint64_t>(move));
    }
  }
  return Verdict::kStep;
}

/// By op0. [arm/arm: A64 instruction set encoding, top level]
Verdict PlanInsn(const Subject& s) {
  const unsigned op0 = s.Bits(25, 4);
  if ((op0 & 14) == 8) {
    return PlanImmediate(s);
  }
  if ((op0 & 14) == 10) {
    return PlanBranch(s);
  }
  if ((op0 & 5) == 4) {
    return PlanAccess(s);
  }
  if ((op0 & 7) == 5 || (op0 & 7) == 7) {
    return Verdict::kStep;  // between registers, scalar and vector
  }
  return Verdict::kRefuse;  // reserved, SVE, SME, unallocated
}

uint32_t InsnAt(ConstBytes code, size_t offset) {
  return LoadUnaligned<uint32_t>(code.data() + offset);
}

/// Longer loops between an exclusive load and its store are not looked for: the
/// monitor needs short ones. [arm/arm: Load-Exclusive and Store-Exclusive
/// instruction usage restrictions]
constexpr size_t kMaxExclusive = 32 * kInsnSize;

/// Whether `offset` is between an exclusive load and the store that ends it.
bool IsInExclusiveRegion(ConstBytes code, size_t offset) {
  const size_t first = offset > kMaxExclusive ? offset - kMaxExclusive : 0;
  size_t load = offset;
  for (size_t at = offset; at > first && load == offset;) {
    at -= kInsnSize;
    const uint32_t insn = InsnAt(code, at);
    if (IsExclusiveLoad(insn)) {
      load = at;
    } else if (IsExclusiveAccess(insn)) {
      return false;
    }
  }
  if (load == offset) {
    return false;
  }
  for (size_t at = offset;
       at + kInsnSize <= code.size() && at < load + kMaxExclusive;
       at += kInsnSize) {
    const uint32_t insn = InsnAt(code, at);
    if (IsExclusiveAccess(insn)) {
      return !IsExclusiveLoad(insn);
    }
  }
  return false;
}

void MakeSlot(ProbePlan& plan) {
  plan.emulation = EmulationCode{Emulation::kStep, 0, 0}.Encode();
  CopyBytes(plan.slot, plan.insn, kInsnSize);
  CopyBytes(plan.slot + kInsnSize, Breakpoint::kBrk, kInsnSize);
  plan.step_trap_offset = kInsnSize;
  plan.slot_size = 2 * kInsnSize;
}

}  // namespace

Result<uint8_t> ProbedInsn::Size(ConstBytes code) {
  if (code.size() < kInsnSize) {
    return Status::kBadSequence;
  }
  return kInsnSize;
}

Result<ProbePlan> ProbedInsn::Plan(ConstBytes code, uint64_t function,
                                   size_t offset, uint32_t trap_stub) {
  if (offset >= code.size()) {
    return Status::kInvalid;
  }
  if (offset % kInsnSize != 0 || code.size() - offset < kInsnSize) {
    return Status::kBadSequence;
  }
  if (IsInExclusiveRegion(code, offset)) {
    return Status::kInvalid;
  }
  ProbePlan plan = {};
  plan.address = function + offset;
  plan.insn_size = kInsnSize;
  plan.breakpoint_size = kInsnSize;
  CopyBytes(plan.insn, code.data() + offset, kInsnSize);
  CopyBytes(plan.breakpoint, Breakpoint::kBrk, kInsnSize);
  const Subject subject = {
      .insn = InsnAt(code, offset),
      .address = plan.address,
      .may_set_sp = (trap_stub & machine::kTrapStubSetsSp) != 0,
      .may_push = (trap_stub & machine::kTrapStubLeavesGap) != 0,
      .plan = plan,
  };
  const Verdict verdict = PlanInsn(subject);
  if (verdict == Verdict::kRefuse) {
    return Status::kInvalid;
  }
  plan.method =
      verdict == Verdict::kEmulate ? ProbeMethod::kEmulate : ProbeMethod::kStep;
  if (verdict == Verdict::kStep) {
    MakeSlot(plan);
  }
  return plan;
}

}  // namespace ebpf::aarch64
