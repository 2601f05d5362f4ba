// SPDX-License-Identifier: MIT
//
// The patterns, each by the instruction that it begins with. Registers that
// only carry a value between the instructions must be dead behind them.
#include "core/jit/fusion.h"

#include "core/base/bits.h"
#include "core/jit/op_traits.h"

namespace ebpf::jit {
namespace {

using isa::Family;
using isa::Op;
using isa::Operation;
using machine::Address;
using machine::kNoReg;
using machine::Operand;
using machine::Reg;
using Kind = MacroOp::Kind;

/// Offsets in an address beyond this are computed.
constexpr int32_t kMaxAliasOffset = 1 << 30;
/// How many instructions behind its computation an address is looked for.
constexpr size_t kAliasReach = 20;

bool Commutes(Operation op) {
  return op == Operation::kAdd || op == Operation::kMul ||
         op == Operation::kOr || op == Operation::kAnd || op == Operation::kXor;
}

/// What Alu of the macro assembler takes.
bool IsPlainAlu(const OpTraits& info) {
  if (info.family != Family::kAlu) {
    return false;
  }
  switch (info.operation) {
    case Operation::kAdd:
    case Operation::kSub:
    case Operation::kMul:
    case Operation::kOr:
    case Operation::kAnd:
    case Operation::kXor:
    case Operation::kLsh:
    case Operation::kRsh:
    case Operation::kArsh:
      return true;
    default:
      return false;
  }
}

bool IsShiftOperation(Operation op) {
  return op == Operation::kLsh || op == Operation::kRsh ||
         op == Operation::kArsh;
}

/// What memory operands exist for.
bool HasMemoryForm(Operation op) {
  return Commutes(op) ? op != Operation::kMul : op == Operation::kSub;
}

/// The condition that holds where `op` does not; not for kSet.
Operation Inverse(Operation op) {
  switch (op) {
    case Operation::kEq:
      return Operation::kNe;
    case Operation::kNe:
      return Operation::kEq;
    case Operation::kGt:
      return Operation::kLe;
    case Operation::kLe:
      return Operation::kGt;
    case Operation::kGe:
      return Operation::kLt;
    case Operation::kLt:
      return Operation::kGe;
    case Operation::kSGt:
      return Operation::kSLe;
    case Operation::kSLe:
      return Operation::kSGt;
    case Operation::kSGe:
      return Operation::kSLt;
    default:
      return Operation::kSGe;
  }
}

Operand OperandOf(const isa::Insn& insn, const OpTraits& info) {
  if (info.Has(OpTraits::kSourceIsReg)) {
    return Operand::Of(insn.src);
  }
  return Operand::Imm(IsShiftOperation(info.operation)
                          ? insn.imm & (info.width - 1)
                          : insn.imm);
}

Address AddressIn(Reg base, const isa::Insn& insn) {
  return {base, kNoReg, 0, insn.offset};
}

bool Reads(const isa::Insn& insn, const OpTraits& info, Reg reg) {
  const bool reads_dst = info.family != Family::kLoad &&
                         info.family != Family::kLoadImm64 &&
                         info.operation != Operation::kMov;
  const bool reads_src =
      info.family == Family::kLoad || info.Has(OpTraits::kSourceIsReg);
  return (reads_dst && insn.dst == reg) || (reads_src && insn.src == reg);
}

}  // namespace

bool Matcher::Find(size_t index, bool may_alias, MacroOp& found) {
  may_alias_ = may_alias;
  found.kind = Kind::kNone;
  switch (OpAt(index)) {
    case Op::kMov64Reg:
      return MatchMove(index, found);
    case Op::kMov32Reg:
      return MatchMove32(index, found);
    case Op::kMov32Imm:
    case Op::kMov64Imm:
      return MatchConstant(index, found);
    case Op::kLsh64Imm:
    case Op::kRsh64Imm:
      return MatchShift(index, found);
    case Op::kAdd64Imm:
    case Op::kAdd64Reg:
      return MatchAdd(index, found);
    case Op::kLoadU8:
    case Op::kLoadU16:
    case Op::kLoadU32:
    case Op::kLoadU64:
      return MatchLoad(index, found);
    default:
      return TraitsOf(OpAt(index)).family == Family::kJump &&
             MatchBranch(index, found);
  }
}

/// dst = src, and what is done with dst next.
bool Matcher::MatchMove(size_t i, MacroOp& found) const {
  const Reg dst = insns_[i].dst;
  const Reg src = insns_[i].src;
  if (!Joins(i + 1) || insns_[i + 1].dst != dst || dst == src) {
    return false;
  }
  const isa::Insn& next = insns_[i + 1];
  const Op op = OpAt(i + 1);
  const OpTraits& info = TraitsOf(op);
  if (!IsPlainAlu(info) || info.width != 64) {
    return false;
  }
  bool joined = false;
  switch (op) {
    case Op::kAdd64Reg:
      if (next.src != dst) {
        joined = Alias(i + 2, dst, {src, next.src, 0, 0}, 2, found);
      }
      break;
    case Op::kAdd64Imm:
      joined = Alias(i + 2, dst, {src, kNoReg, 0, next.imm}, 2, found);
      break;
    case Op::kLsh64Imm:
    case Op::kRsh64Imm:
      joined = Rotation(i, found) || ShiftPair(i + 1, src, 1, found) ||
               ScaledAddress(i + 1, src, 1, found) ||
               ShiftedOperand(i + 1, src, 1, found);
      break;
    default:
      break;
  }
  if (joined) {
    return true;
  }
  found = {};
  found.kind = Kind::kAlu;
  found.count = 2;
  found.op = info.operation;
  found.dst = dst;
  found.lhs = src;
  found.rhs = OperandOf(next, info);
  if (found.rhs.reg == dst) {
    found.rhs.reg = src;
  }
  return found.kind != Kind::kNone;
}

bool Matcher::MatchMove32(size_t i, MacroOp& found) const {
  const Reg dst = insns_[i].dst;
  const Reg src = insns_[i].src;
  if (!Joins(i + 1) || insns_[i + 1].dst != dst || dst == src) {
    return false;
  }
  const OpTraits& info = TraitsOf(OpAt(i + 1));
  if (!IsPlainAlu(info) || info.width != 32) {
    return false;
  }
  found = {};
  found.kind = Kind::kAlu;
  found.count = 2;
  found.width = 32;
  found.op = info.operation;
  found.dst = dst;
  found.lhs = src;
  found.rhs = OperandOf(insns_[i + 1], info);
  if (found.rhs.reg == dst) {
    found.rhs.reg = src;
  }
  return found.kind != Kind::kNone;
}

/// A constant that is only stored.
bool Matcher::MatchConstant(size_t i, MacroOp& found) const {
  const Reg dst = insns_[i].dst;
  if (!Joins(i + 1) || insns_[i + 1].src != dst || insns_[i + 1].dst == dst ||
      !IsDead(dst, i + 1)) {
    return false;
  }
  const OpTraits& info = TraitsOf(OpAt(i + 1));
  const bool extends_alike =
      insns_[i].imm >= 0 || OpAt(i) == Op::kMov64Imm || info.width < 64;
  if (info.family != Family::kStore || !info.Has(OpTraits::kSourceIsReg) ||
      !extends_alike) {
    return false;
  }
  found = {};
  found.kind = Kind::kStoreImm;
  found.count = 2;
  found.bits = info.width;
  found.address = AddressIn(insns_[i + 1].dst, insns_[i + 1]);
  found.rhs = Operand::Imm(insns_[i].imm);
  return found.kind != Kind::kNone;
}

bool Matcher::MatchShift(size_t i, MacroOp& found) const {
  const Reg dst = insns_[i].dst;
  return ShiftPair(i, dst, 0, found) || ScaledAddress(i, dst, 0, found) ||
         ShiftedOperand(i, dst, 0, found);
}

/// Shift left, then right; or shift right, then mask.
bool Matcher::ShiftPair(size_t i, Reg source, uint8_t count,
                        MacroOp& found) const {
  const Reg dst = insns_[i].dst;
  if (!Joins(i + 1) || insns_[i + 1].dst != dst) {
    return false;
  }
  const int32_t first = insns_[i].imm & 63;
  const isa::Insn& next = insns_[i + 1];
  const Op op = OpAt(i + 1);
  found = {};
  found.dst = dst;
  found.lhs = source;
  found.count = static_cast<uint8_t>(count + 2);
  if (OpAt(i) == Op::kLsh64Imm &&
      (op == Op::kRsh64Imm || op == Op::kArsh64Imm) &&
      (next.imm & 63) == first) {
    found.bits = static_cast<uint8_t>(64 - first);
    if (found.bits == 8 || found.bits == 16 || found.bits == 32) {
      found.kind = op == Op::kRsh64Imm ? Kind::kZeroExtend : Kind::kSignExtend;
    }
    return found.kind != Kind::kNone;
  }
  const auto mask = static_cast<uint32_t>(next.imm);
  if (OpAt(i) == Op::kRsh64Imm &&
      (op == Op::kAnd64Imm || op == Op::kAnd32Imm) && next.imm > 0 &&
      (mask & (mask + 1)) == 0) {
    unsigned bits = 0;
    while (bits < 32 && (mask >> bits & 1) != 0) {
      ++bits;
    }
    found.kind = Kind::kExtractBits;
    found.imm = first;
    found.bits = static_cast<uint8_t>(bits);
  }
  return found.kind != Kind::kNone;
}

/// index << scale, plus a base.
bool Matcher::ScaledAddress(size_t i, Reg index, uint8_t count,
                            MacroOp& found) const {
  const Reg dst = insns_[i].dst;
  const int32_t scale = insns_[i].imm & 63;
  if (OpAt(i) != Op::kLsh64Imm || scale > 3 || !Joins(i + 1)) {
    return false;
  }
  const isa::Insn& next = insns_[i + 1];
  if (OpAt(i + 1) != Op::kAdd64Reg || next.dst != dst || next.src == dst) {
    return false;
  }
  const Address address = {next.src, index, static_cast<uint8_t>(scale), 0};
  const auto all = static_cast<uint8_t>(count + 2);
  if (Alias(i + 2, dst, address, all, found)) {
    return true;
  }
  if (!has_.can_load_address(address)) {
    return false;
  }
  found = {};
  found.kind = Kind::kLoadAddress;
  found.count = all;
  found.dst = dst;
  found.address = address;
  return true;
}

/// A shifted value, and the operation that takes it.
bool Matcher::ShiftedOperand(size_t i, Reg source, uint8_t count,
                             MacroOp& found) const {
  if (!has_.shifted_operands || !Joins(i + 1)) {
    return false;
  }
  const OpTraits& shift = TraitsOf(OpAt(i));
  const OpTraits& info = TraitsOf(OpAt(i + 1));
  const isa::Insn& next = insns_[i + 1];
  if (!HasMemoryForm(info.operation) || info.family != Family::kAlu ||
      info.width != 64 || !info.Has(OpTraits::kSourceIsReg) ||
      next.dst == next.src) {
    return false;
  }
  const Reg shifted = insns_[i].dst;
  found = {};
  found.count = static_cast<uint8_t>(count + 2);
  found.op = info.operation;
  found.shift = shift.operation;
  found.imm = insns_[i].imm & 63;
  found.rhs = Operand::Of(source);
  found.dst = next.dst;
  if (next.src == shifted && IsDead(shifted, i + 1)) {
    found.lhs = next.dst;
    found.kind = Kind::kAluShifted;
  } else if (next.dst == shifted && Commutes(info.operation)) {
    found.lhs = next.src;
    found.kind = Kind::kAluShifted;
  }
  return found.kind != Kind::kNone;
}

/// t = x; t >>= 64 - k; [d = x;] d <<= k; d |= t, with the shifts either way
/// round, and + or ^ in place of |.
bool Matcher::Rotation(size_t i, MacroOp& found) const {
  const Reg carried = insns_[i].dst;
  const Reg source = insns_[i].src;
  const Op first = OpAt(i + 1);
  const Op second = first == Op::kLsh64Imm ? Op::kRsh64Imm : Op::kLsh64Imm;
  size_t at = i + 2;
  Reg dst = source;
  if (Joins(at) && OpAt(at) == Op::kMov64Reg && insns_[at].src == source &&
      insns_[at].dst != carried) {
    dst = insns_[at++].dst;
  }
  if (!IsShift(at, dst, second) || !Joins(at + 1)) {
    return false;
  }
  const int32_t left =
      (first == Op::kLsh64Imm ? insns_[i + 1].imm : insns_[at].imm) & 63;
  const int32_t right =
      (first == Op::kLsh64Imm ? insns_[at].imm : insns_[i + 1].imm) & 63;
  const isa::Insn& join = insns_[at + 1];
  const Op op = OpAt(at + 1);
  const bool joins =
      op == Op::kOr64Reg || op == Op::kAdd64Reg || op == Op::kXor64Reg;
  if (!joins || left == 0 || left + right != 64) {
    return false;
  }
  found = {};
  found.count = static_cast<uint8_t>(at + 2 - i);
  found.lhs = source;
  found.imm = left;
  if (join.dst == dst && join.src == carried && IsDead(carried, at + 1)) {
    found.dst = dst;
    found.kind = Kind::kRotateLeft;
  } else if (join.dst == carried && join.src == dst && IsDead(dst, at + 1)) {
    found.dst = carried;
    found.kind = Kind::kRotateLeft;
  }
  return found.kind != Kind::kNone;
}

/// Whether `reg`, which `count` instructions before `after` compute, is only
/// the base of loads and stores there, and then dead.
bool Matcher::Alias(size_t after, Reg reg, const Address& address,
                    uint8_t count, MacroOp& found) const {
  if (!may_alias_ || address.offset > kMaxAliasOffset ||
      address.offset < -kMaxAliasOffset) {
    return false;
  }
  size_t last = 0;
  for (size_t i = after; i < after + kAliasReach && Joins(i); ++i) {
    const isa::Insn& insn = insns_[i];
    const OpTraits& info = TraitsOf(OpAt(i));
    const bool loads = info.family == Family::kLoad;
    const bool stores = info.family == Family::kStore;
    if (!loads && !stores && info.family != Family::kAlu &&
        info.family != Family::kByteSwap && info.family != Family::kNegate) {
      return false;
    }
    const bool is_base =
        (loads ? insn.src : insn.dst) == reg && (loads || stores);
    if (is_base) {
      Address here = address;
      here.offset += insn.offset;
      const bool stores_it =
          stores && info.Has(OpTraits::kSourceIsReg) && insn.src == reg;
      if (stores_it || !has_.can_address(here, info.width)) {
        return false;
      }
      last = i;
    } else if (Reads(insn, info, reg)) {
      return false;
    }
    const bool overwritten = !stores && insn.dst == reg;
    if (last != 0 && (overwritten || IsDead(reg, i))) {
      found = {};
      found.kind = Kind::kAlias;
      found.count = count;
      found.dst = reg;
      found.address = address;
      found.alias_end = static_cast<uint32_t>(last);
      return found.kind != Kind::kNone;
    }
    const bool loses =
        !stores && (insn.dst == address.base || insn.dst == address.index);
    if (overwritten || loses) {
      return false;
    }
  }
  return false;
}

/// Additions one after the other.
bool Matcher::MatchAdd(size_t i, MacroOp& found) const {
  const isa::Insn& insn = insns_[i];
  if (!Joins(i + 1) || OpAt(i + 1) != Op::kAdd64Imm ||
      insns_[i + 1].dst != insn.dst) {
    return false;
  }
  found = {};
  found.count = 2;
  found.dst = insn.dst;
  if (OpAt(i) == Op::kAdd64Imm) {
    const int64_t sum = int64_t{insn.imm} + insns_[i + 1].imm;
    if (sum != static_cast<int32_t>(sum)) {
      return false;
    }
    found.kind = Kind::kAlu;
    found.op = Operation::kAdd;
    found.lhs = insn.dst;
    found.rhs = Operand::Imm(static_cast<int32_t>(sum));
    return found.kind != Kind::kNone;
  }
  found.address = {insn.dst, insn.src, 0, insns_[i + 1].imm};
  if (has_.can_load_address(found.address)) {
    found.kind = Kind::kLoadAddress;
  }
  return found.kind != Kind::kNone;
}

bool Matcher::MatchLoad(size_t i, MacroOp& found) const {
  const isa::Insn& insn = insns_[i];
  if (!Joins(i + 1)) {
    return false;
  }
  const unsigned bits = TraitsOf(OpAt(i)).width;
  const isa::Insn& next = insns_[i + 1];
  const OpTraits& info = TraitsOf(OpAt(i + 1));
  found = {};
  found.count = 2;
  found.bits = static_cast<uint8_t>(bits);
  found.address = AddressIn(insn.src, insn);
  if (info.family == Family::kByteSwap && info.width == bits &&
      info.operation != Operation::kToLe && next.dst == insn.dst &&
      (has_.swapped_loads & bits) != 0) {
    found.kind = Kind::kLoadSwapped;
    found.dst = insn.dst;
    return found.kind != Kind::kNone;
  }
  if (!has_.memory_operands || bits < 32 || !IsPlainAlu(info) ||
      !HasMemoryForm(info.operation) || info.width != bits) {
    return false;
  }
  if (MemoryUpdate(i, found)) {
    return true;
  }
  if (info.Has(OpTraits::kSourceIsReg) && next.src == insn.dst &&
      next.dst != insn.dst && IsDead(insn.dst, i + 1)) {
    found.kind = Kind::kAluMemory;
    found.count = 2;
    found.op = info.operation;
    found.width = static_cast<uint8_t>(bits);
    found.dst = next.dst;
    found.address = AddressIn(insn.src, insn);
  }
  return found.kind != Kind::kNone;
}

/// t = *p; t <op>= x; *p = t.
bool Matcher::MemoryUpdate(size_t i, MacroOp& found) const {
  const isa::Insn& load = insns_[i];
  const isa::Insn& alu = insns_[i + 1];
  const OpTraits& load_info = TraitsOf(OpAt(i));
  const OpTraits& info = TraitsOf(OpAt(i + 1));
  if (!Joins(i + 2) || alu.dst != load.dst || load.src == load.dst ||
      (info.Has(OpTraits::kSourceIsReg) && alu.src == load.dst)) {
    return false;
  }
  const isa::Insn& store = insns_[i + 2];
  const OpTraits& store_info = TraitsOf(OpAt(i + 2));
  if (store_info.family != Family::kStore ||
      !store_info.Has(OpTraits::kSourceIsReg) ||
      store_info.width != load_info.width || store.src != load.dst ||
      store.dst != load.src || store.offset != load.offset ||
      !IsDead(load.dst, i + 2)) {
    return false;
  }
  found = {};
  found.kind = Kind::kMemoryAlu;
  found.count = 3;
  found.op = info.operation;
  found.width = load_info.width;
  found.bits = load_info.width;
  found.address = AddressIn(load.src, load);
  found.rhs = OperandOf(alu, info);
  return found.kind != Kind::kNone;
}

/// A jump over one jump, or over one move; or around one move, to where the
/// path over the move goes as well: `if (a) goto t; d = x; goto t`.
bool Matcher::MatchBranch(size_t i, MacroOp& found) const {
  const isa::Insn& branch = insns_[i];
  const OpTraits& info = TraitsOf(OpAt(i));
  if (!Joins(i + 1) || info.operation == Operation::kSet) {
    return false;
  }
  found = {};
  found.count = 2;
  found.width = info.width;
  found.op = Inverse(info.operation);
  found.lhs = branch.dst;
  found.rhs = OperandOf(branch, info);
  const Op next = OpAt(i + 1);
  if (branch.offset == 1 && next == Op::kGoto) {
    found.kind = Kind::kBranch;
    return found.kind != Kind::kNone;
  }
  if (branch.offset != 1) {
    if (!Joins(i + 2) || OpAt(i + 2) != Op::kGoto ||
        branch.offset != insns_[i + 2].offset + 2) {
      return false;
    }
    found.count = 3;
    found.jumps = true;
  }
  const isa::Insn& move = insns_[i + 1];
  found.dst = move.dst;
  found.src = move.src;
  found.imm = move.imm;
  found.bits = TraitsOf(next).width;
  found.kind = MoveKind(next, move.dst, i + found.count - 1u);
  return found.kind != Kind::kNone;
}

/// How `op` moves under a condition, if it does.
MacroOp::Kind Matcher::MoveKind(Op op, Reg dst, size_t last) const {
  if (!has_.conditional_move) {
    return Kind::kNone;
  }
  if (op == Op::kMov64Imm || op == Op::kMov32Imm) {
    return Kind::kMoveImmIf;
  }
  const bool moves =
      op == Op::kMov64Reg || (op == Op::kMov32Reg && IsUpperDead(dst, last));
  return moves ? Kind::kMoveIf : Kind::kNone;
}

}  // namespace ebpf::jit
