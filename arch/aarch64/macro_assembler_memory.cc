// SPDX-License-Identifier: MIT
//
// AArch64's macro assembler: addresses, and what is atomic.
#include "arch/aarch64/macro_assembler.h"

namespace ebpf::aarch64 {

using encode::kZero;
using machine::kFramePointerReg;
using machine::kNoReg;

void MacroAssembler::Store(unsigned bits, const Address& to, Operand value) {
  unsigned rt = kZero;
  if (!value.is_imm()) {
    rt = From(value.reg);
  } else if (value.imm != 0) {
    rt = kScratch1;
    const auto all = static_cast<uint64_t>(int64_t{value.imm});
    EmitConstant(rt, bits == 64 ? all : all & ((uint64_t{1} << bits) - 1));
  }
  Access(encode::kStore, SizeOf(bits), rt, to);
}

void MacroAssembler::LoadSwapped(unsigned bits, Reg dst, const Address& from) {
  Load(bits, false, dst, from);
  const unsigned rd = To(dst);
  Emit(bits == 16 ? encode::Rev16(false, rd, rd)
                  : encode::Rev(bits == 64, rd, rd));
}

/// LDP or STP in place of the access before, if that is next to this one.
bool MacroAssembler::Merge(uint32_t kind, unsigned size, unsigned rt,
                           unsigned rn, int64_t offset) {
  const bool load = kind == encode::kLoad;
  if (size < 2 || (kind | size) != access_kind_ || rn != access_rn_ ||
      kind == encode::kLoadSigned ||
      (load && (access_rt_ == rn || access_rt_ == rt))) {
    return false;
  }
  const int64_t bytes = int64_t{1} << size;
  const bool upwards = offset == access_offset_ + bytes;
  const int64_t low = upwards ? access_offset_ : offset;
  if ((!upwards && offset != access_offset_ - bytes) ||
      (low & (bytes - 1)) != 0 || low < -64 * bytes || low > 63 * bytes) {
    return false;
  }
  const unsigned first = upwards ? access_rt_ : rt;
  const unsigned second = upwards ? rt : access_rt_;
  buffer_.Advance(size_t{0} - 4);
  Emit(encode::Pair(encode::PairMode::kOffset, kind, size == 3, first, second,
                    rn, static_cast<int32_t>(low >> size)));
  access_end_ = kNowhere;
  return true;
}

void MacroAssembler::AccessFar(uint32_t kind, unsigned size, unsigned rt,
                               unsigned rn, int64_t offset) {
  const int64_t low = offset & 0xfff;
  const bool in_reach = low < 256 || (low & ((1 << size) - 1)) == 0;
  const int64_t rest = in_reach ? low : 0;
  AddImm(true, kScratchImm, rn, offset - rest);
  AccessOffset(kind, size, rt, kScratchImm, rest);
}

void MacroAssembler::AccessIndexed(uint32_t kind, unsigned size, unsigned rt,
                                   const Address& address) {
  const unsigned rm = From(address.index);
  const unsigned rn = kRegisters[address.base];
  int64_t offset = address.offset;
  offset += address.base == kFramePointerReg ? kFrameBias : 0;
  if (offset == 0 && (address.scale == 0 || address.scale == size)) {
    Emit(encode::AccessIndexed(kind, size, rt, rn, rm, address.scale != 0));
    return;
  }
  Emit(encode::Shifted(encode::kAdd, true, kScratch2, rn, rm,
                       encode::Shift::kLsl, address.scale));
  AccessOffset(kind, size, rt, kScratch2, offset);
}

unsigned MacroAssembler::AddressOf(const Address& address) {
  unsigned rn = kRegisters[address.base];
  int64_t offset = address.offset;
  offset += address.base == kFramePointerReg ? kFrameBias : 0;
  if (address.index != kNoReg) {
    const unsigned rm = From(address.index);
    const unsigned sum = offset == 0 ? kScratchImm : kScratch2;
    Emit(encode::Shifted(encode::kAdd, true, sum, rn, rm, encode::Shift::kLsl,
                         address.scale));
    rn = sum;
  }
  if (offset == 0) {
    return rn;
  }
  AddImm(true, kScratchImm, rn, offset);
  return kScratchImm;
}

void MacroAssembler::LoadAddress(Reg dst, const Address& address) {
  if (address.index == kNoReg) {
    AluImm(Operation::kAdd, 64, dst, address.base, address.offset);
  } else if (CanLoadAddress(address)) {
    AluShifted(Operation::kAdd, 64, dst, address.base, address.index,
               Operation::kLsh, address.scale);
  } else {
    const unsigned rn = AddressOf(address);
    Emit(encode::Mov(true, To(dst), rn));
  }
}

bool MacroAssembler::CanAddress(const Address& address, unsigned bits) {
  const unsigned size = SizeOf(bits);
  int64_t offset = address.offset;
  offset += address.base == kFramePointerReg ? kFrameBias : 0;
  if (address.index != kNoReg) {
    return offset == 0 && address.index != kFramePointerReg &&
           (address.scale == 0 || address.scale == size);
  }
  return (offset >= -256 && offset < 256) ||
         (offset >= 0 && offset >> size < 4096 &&
          (offset & ((1 << size) - 1)) == 0);
}

bool MacroAssembler::CanLoadAddress(const Address& address) {
  if (address.index != kNoReg) {
    return address.offset == 0 && address.base != kFramePointerReg &&
           address.index != kFramePointerReg;
  }
  int64_t offset = address.offset;
  offset += address.base == kFramePointerReg ? kFrameBias : 0;
  const int64_t magnitude = offset < 0 ? -offset : offset;
  return magnitude < 4096 || (magnitude < 1 << 24 && (magnitude & 0xfff) == 0);
}

// Atomics. Fully ordered: with FEAT_LSE by the forms that acquire and release,
// else by a releasing store and a barrier behind it, as a load could pass the
// loop otherwise. [arm/arm: Synchronization and semaphores]

namespace {

/// The instruction of two operands that combines; FEAT_LSE's.
struct AtomicInsns {
  uint32_t combine;
  uint32_t lse;
};

AtomicInsns InsnsOf(isa::Operation op) {
  switch (op) {
    case isa::Operation::kAdd:
      return {encode::kAdd, encode::kLdadd};
    case isa::Operation::kOr:
      return {encode::kOrr, encode::kLdset};
    case isa::Operation::kAnd:
      return {encode::kAnd, encode::kLdclr};
    case isa::Operation::kXor:
      return {encode::kEor, encode::kLdeor};
    default:
      return {0, encode::kSwp};  // kXchg
  }
}

}  // namespace

void MacroAssembler::Atomic(Operation op, unsigned width, const Address& to,
                            Reg src) {
  const bool wide = width == 64;
  const unsigned size = SizeOf(width);
  const AtomicInsns insns = InsnsOf(op);
  const unsigned rn = AddressOf(to);
  unsigned rs = From(src);
  if (lse_) {
    if (op == Operation::kAnd) {
      Emit(encode::ThreeRegs(encode::kOrn, wide, kScratch1, kZero, rs));
      rs = kScratch1;
    }
    Emit(encode::AtomicOp(insns.lse, false, size, rs, kZero, rn));
    return;
  }
  Emit(encode::Ldxr(size, kScratch1, rn),
       encode::ThreeRegs(insns.combine, wide, kScratch0, kScratch1, rs));
  Emit(encode::Stxr(size, kScratch2, kScratch0, rn, false),
       encode::Cbz(false, true, kScratch2) | encode::Imm19(-3));
}

void MacroAssembler::AtomicFetch(Operation op, unsigned width,
                                 const Address& to, Reg src) {
  const bool wide = width == 64;
  const unsigned size = SizeOf(width);
  const AtomicInsns insns = InsnsOf(op);
  const unsigned rn = AddressOf(to);
  const unsigned rt = To(src);
  if (lse_) {
    unsigned rs = rt;
    if (op == Operation::kAnd) {
      Emit(encode::ThreeRegs(encode::kOrn, wide, kScratch1, kZero, rt));
      rs = kScratch1;
    }
    Emit(encode::AtomicOp(insns.lse, true, size, rs, rt, rn));
    return;
  }
  unsigned value = rt;
  int64_t loop = -2;
  Emit(encode::Ldxr(size, kScratch1, rn));
  if (op != Operation::kXchg) {
    value = kScratch0;
    loop = -3;
    Emit(encode::ThreeRegs(insns.combine, wide, value, kScratch1, rt));
  }
  Emit(encode::Stxr(size, kScratch2, value, rn, true),
       encode::Cbz(false, true, kScratch2) | encode::Imm19(loop));
  Emit(encode::kDmbIsh, encode::Mov(true, rt, kScratch1));
}

void MacroAssembler::CompareExchange(unsigned width, const Address& to,
                                     Reg src) {
  const unsigned size = SizeOf(width);
  const unsigned expected = To(0);
  const unsigned rn = AddressOf(to);
  const unsigned rt = From(src);
  if (lse_) {
    Emit(encode::Casal(size, expected, rt, rn));
    return;
  }
  Emit(encode::Ldxr(size, kScratch1, rn),
       encode::ThreeRegs(encode::kSubs, width == 64, kZero, kScratch1,
                         expected));
  Emit(encode::BCond(encode::Condition::kNe) | encode::Imm19(3),
       encode::Stxr(size, kScratch2, rt, rn, true));
  Emit(encode::Cbz(false, true, kScratch2) | encode::Imm19(-4),
       encode::kDmbIsh);
  Emit(encode::Mov(true, expected, kScratch1));
}

void MacroAssembler::LoadAcquire(unsigned bits, Reg dst, const Address& from) {
  const unsigned rn = AddressOf(from);
  Emit(encode::Ldar(SizeOf(bits), To(dst), rn));
}

void MacroAssembler::StoreRelease(unsigned bits, const Address& to, Reg src) {
  const unsigned rn = AddressOf(to);
  const unsigned rt = From(src);
  Emit(encode::Stlr(SizeOf(bits), rt, rn));
}

}  // namespace ebpf::aarch64
