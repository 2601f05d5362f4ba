// SPDX-License-Identifier: MIT
//
// RISC-V's macro assembler: memory, and the order of bytes.
#include "arch/riscv64/macro_assembler.h"
#include "core/base/bits.h"

namespace ebpf::riscv64 {

namespace {

/// log2 of the bytes in `bits`.
unsigned SizeOf(unsigned bits) { return CountTrailingZeros(bits) - 3; }

constexpr uint32_t kZeroExtendingLoads[] = {encode::kLbu, encode::kLhu,
                                            encode::kLwu, encode::kLd};
constexpr uint32_t kSignExtendingLoads[] = {encode::kLb, encode::kLh,
                                            encode::kLw, encode::kLd};
constexpr uint32_t kStores[] = {encode::kSb, encode::kSh, encode::kSw,
                                encode::kSd};

/// What is added at once to a base, to reach up to 4079, aligned.
constexpr int64_t kOneStep = 2032;

constexpr int64_t kBytesOfHalfWords = 0x00ff00ff00ff00ff;

uint32_t AmoOf(isa::Operation op) {
  switch (op) {
    case isa::Operation::kAdd:
      return encode::kAmoAdd;
    case isa::Operation::kOr:
      return encode::kAmoOr;
    case isa::Operation::kAnd:
      return encode::kAmoAnd;
    case isa::Operation::kXor:
      return encode::kAmoXor;
    default:
      return encode::kAmoSwap;
  }
}

}  // namespace

MacroAssembler::Place MacroAssembler::ComputePlace(const Address& address) {
  const unsigned base = To(address.base);
  const int64_t offset = address.offset;
  const int64_t lower = ::ebpf::SignExtend(static_cast<uint64_t>(offset), 12);
  if (address.index != machine::kNoReg) {
    ScaleAndAdd(kScratchAddress, To(address.index), address.scale, base);
    upper_base_ = machine::kNoReg;
    if (!encode::Fits(offset, 12)) {
      emit_.Add(kScratchAddress, kScratchAddress, ConstantIn(offset - lower));
    }
    return {kScratchAddress, lower};
  }
  if (address.base == upper_base_ && encode::Fits(offset - upper_, 12)) {
    return {kScratchAddress, offset - upper_};
  }
  if (offset >= 2048 && offset < kOneStep + 2048) {
    upper_ = kOneStep;
    emit_.AddImm(kScratchAddress, base, upper_);
  } else if (offset < -2048 && offset >= -4096) {
    upper_ = -2048;
    emit_.AddImm(kScratchAddress, base, upper_);
  } else {
    upper_ = offset - lower;
    emit_.Constant64(kScratchAddress, upper_);
    emit_.Add(kScratchAddress, kScratchAddress, base);
  }
  upper_base_ = address.base;
  return {kScratchAddress, offset - upper_};
}

unsigned MacroAssembler::AddressOf(const Address& address) {
  const Place place = PlaceOf(address);
  if (place.offset == 0) {
    return place.base;
  }
  emit_.AddImm(kScratchAddress, place.base, place.offset);
  upper_base_ =
      address.index == machine::kNoReg ? address.base : machine::kNoReg;
  upper_ = address.offset;
  return kScratchAddress;
}

void MacroAssembler::ScaleAndAdd(unsigned rd, unsigned index, unsigned scale,
                                 unsigned base) {
  if (scale == 0) {
    emit_.Add(rd, index, base);
  } else if (zba_) {
    const uint32_t insn = scale == 1   ? encode::kSh1Add
                          : scale == 2 ? encode::kSh2Add
                                       : encode::kSh3Add;
    emit_.Regs(insn, rd, index, base);
  } else {
    const unsigned scaled = rd == base ? kScratch : rd;
    emit_.ShiftLeft(scaled, index, scale);
    emit_.Add(rd, scaled, base);
  }
}

void MacroAssembler::LoadAddress(Reg dst, const Address& address) {
  Reg base = address.base;
  if (address.index != machine::kNoReg) {
    ScaleAndAdd(To(dst), To(address.index), address.scale, To(base));
    Set(dst, kNothing);
    base = dst;
  }
  AddImm(64, dst, base, address.offset);
}

void MacroAssembler::Load(unsigned bits, bool sign_extend, Reg dst,
                          const Address& from) {
  // Nobody minds: C.LW is shorter than LWU, and words compare with their sign.
  const bool with_sign = sign_extend || (bits == 32 && !UpperIsRead(dst));
  const unsigned size = SizeOf(bits);
  const Place place = PlaceOf(from);
  emit_.Load(with_sign ? kSignExtendingLoads[size] : kZeroExtendingLoads[size],
             To(dst), place.base, place.offset);
  if (bits == 64) {
    Set(dst, kNothing);
  } else if (with_sign) {
    Set(dst, kSigns);
  } else {
    Set(dst, bits == 32 ? kZeros : kBoth);
  }
}

void MacroAssembler::Store(unsigned bits, const Address& to, Operand value) {
  const Place place = PlaceOf(to);
  unsigned rs = encode::kZero;
  if (!value.is_imm()) {
    rs = To(value.reg);
  } else if (value.imm != 0) {
    const auto imm = static_cast<uint64_t>(int64_t{value.imm});
    rs = ConstantIn(::ebpf::SignExtend(imm, bits < 32 ? bits : 32));
  }
  emit_.Store(kStores[SizeOf(bits)], rs, place.base, place.offset);
}

void MacroAssembler::Atomic(Operation op, unsigned width, const Address& to,
                            Reg src) {
  const unsigned address = AddressOf(to);
  emit_.Word(
      encode::Atomic(AmoOf(op), width == 64, encode::kZero, address, To(src)));
}

void MacroAssembler::AtomicFetch(Operation op, unsigned width,
                                 const Address& to, Reg src) {
  const unsigned address = AddressOf(to);
  emit_.Word(encode::Atomic(AmoOf(op) | encode::kOrdered, width == 64, To(src),
                            address, To(src)));
  if (width == 64) {
    Set(src, kNothing);
  } else {
    FinishWord(src, kSigns);
  }
}

// [riscv/unpriv: RVWMO, Code Porting and Mapping Guidelines]
void MacroAssembler::CompareExchange(unsigned width, const Address& to,
                                     Reg src) {
  constexpr Reg kOld = 0;
  const bool wide = width == 64;
  const unsigned address = AddressOf(to);
  unsigned expected = To(kOld);
  if (!wide && !HasSigns(kOld)) {
    expected = kScratchImm;
    has_constant_ = false;
    emit_.AddImmW(expected, To(kOld), 0);
  }
  // LR; BNE over the next two; SC; BNEZ back to LR.
  emit_.Word(encode::Atomic(encode::kLr | encode::kAcquire, wide, kScratch,
                            address, encode::kZero));
  emit_.Word(encode::Branch(encode::kBne, kScratch, expected, 12));
  emit_.Word(encode::Atomic(encode::kSc | encode::kOrdered, wide, kScratch2,
                            address, To(src)));
  emit_.Word(encode::Branch(encode::kBne, kScratch2, encode::kZero, -12));
  if (!wide && UpperIsRead(kOld)) {
    ExtendWithZeros(To(kOld), kScratch);
    Set(kOld, kZeros);
  } else {
    emit_.Move(To(kOld), kScratch);
    Set(kOld, wide ? kNothing : kSigns);
  }
}

void MacroAssembler::LoadAcquire(unsigned bits, Reg dst, const Address& from) {
  Load(bits, false, dst, from);
  emit_.Word(encode::Fence(encode::kFenceRead,
                           encode::kFenceRead | encode::kFenceWrite));
}

void MacroAssembler::StoreRelease(unsigned bits, const Address& to, Reg src) {
  emit_.Word(encode::Fence(encode::kFenceRead | encode::kFenceWrite,
                           encode::kFenceWrite));
  Store(bits, to, Operand::Of(src));
}

// Bytes in another order.

void MacroAssembler::ByteSwap(unsigned bits, Reg dst, Reg src) {
  const unsigned rd = To(dst);
  if (zbb_) {
    emit_.Regs(encode::kRev8, rd, To(src), 0);
    if (bits != 64) {
      emit_.ShiftRight(rd, rd, 64 - bits);
    }
  } else if (bits == 16) {
    SwapHalfWord(rd, To(src));
  } else if (bits == 32) {
    SwapWord(dst, src);
    return;
  } else {
    SwapDoubleWord(rd, To(src));
  }
  Set(dst, bits == 16 ? kBoth : bits == 32 ? kZeros : kNothing);
}

void MacroAssembler::SwapHalfWord(unsigned rd, unsigned rs) {
  emit_.ShiftLeft(kScratch, rs, 56);
  emit_.ShiftRight(kScratch, kScratch, 48);
  emit_.ShiftLeft(rd, rs, 48);
  emit_.ShiftRight(rd, rd, 56);
  emit_.Or(rd, rd, kScratch);
}

void MacroAssembler::SwapWord(Reg dst, Reg src) {
  const unsigned rd = To(dst);
  // Bytes within half words.
  const unsigned mask = ConstantIn(0x00ff00ff);
  emit_.ShiftRight(kScratch, To(src), 8);
  emit_.Regs(encode::kAnd, kScratch, kScratch, mask);
  emit_.Regs(encode::kAnd, rd, To(src), mask);
  emit_.ShiftLeft(rd, rd, 8);
  emit_.Or(rd, rd, kScratch);
  // Half words within the word.
  emit_.ShiftRight(kScratch, rd, 16);
  if (UpperIsRead(dst)) {
    emit_.ShiftLeft(rd, rd, 48);
    emit_.ShiftRight(rd, rd, 32);
    Set(dst, kZeros);
  } else {
    emit_.Imm(encode::kSlliw, rd, rd, 16);
    Set(dst, kSigns);
  }
  emit_.Or(rd, rd, kScratch);
}

void MacroAssembler::SwapDoubleWord(unsigned rd, unsigned rs) {
  // Bytes within half words: the mask is 0x00ff00ff, twice.
  if (!has_constant_ || constant_ != kBytesOfHalfWords) {
    emit_.Constant32(kScratchImm, static_cast<int32_t>(kBytesOfHalfWords));
    emit_.ShiftLeft(kScratch, kScratchImm, 32);
    emit_.Add(kScratchImm, kScratchImm, kScratch);
    has_constant_ = true;
    constant_ = kBytesOfHalfWords;
  }
  emit_.ShiftRight(kScratch, rs, 8);
  emit_.Regs(encode::kAnd, kScratch, kScratch, kScratchImm);
  emit_.Regs(encode::kAnd, rd, rs, kScratchImm);
  emit_.ShiftLeft(rd, rd, 8);
  emit_.Or(rd, rd, kScratch);
  // Four half words: the outer two, the lower inner one, the upper inner one.
  emit_.ShiftLeft(kScratch, rd, 48);
  emit_.ShiftRight(kScratch2, rd, 48);
  emit_.Or(kScratch, kScratch, kScratch2);
  emit_.ShiftLeft(kScratch2, rd, 32);
  emit_.ShiftRight(kScratch2, kScratch2, 48);
  emit_.ShiftLeft(kScratch2, kScratch2, 32);
  emit_.Or(kScratch, kScratch, kScratch2);
  emit_.ShiftRight(rd, rd, 32);
  emit_.ShiftLeft(rd, rd, 48);
  emit_.ShiftRight(rd, rd, 32);
  emit_.Or(rd, rd, kScratch);
}

void MacroAssembler::LoadSwapped(unsigned bits, Reg dst, const Address& from) {
  const unsigned rd = To(dst);
  if (zbb_ || bits == 64) {
    Load(bits, false, dst, from);
    ByteSwap(bits, dst, dst);
    return;
  }
  Place place = PlaceOf(from);
  if (!encode::Fits(place.offset + 3, 12)) {
    place = {AddressOf(from), 0};
  }
  const auto load = [&](unsigned to, int64_t byte) {
    emit_.Imm(encode::kLbu, to, place.base, place.offset + byte);
  };
  load(kScratch, 0);
  if (bits == 32) {
    load(kScratch2, 1);
    emit_.ShiftLeft(kScratch, kScratch, 24);
    emit_.ShiftLeft(kScratch2, kScratch2, 16);
    emit_.Or(kScratch, kScratch, kScratch2);
    load(kScratch2, 2);
    load(rd, 3);
    emit_.ShiftLeft(kScratch2, kScratch2, 8);
    emit_.Or(kScratch, kScratch, kScratch2);
  } else {
    load(rd, 1);
    emit_.ShiftLeft(kScratch, kScratch, 8);
  }
  emit_.Or(rd, rd, kScratch);
  Set(dst, bits == 32 ? kZeros : kBoth);
}

}  // namespace ebpf::riscv64
