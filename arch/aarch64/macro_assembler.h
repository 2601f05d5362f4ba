// SPDX-License-Identifier: MIT
//
// The AArch64 side of core/machine/macro_assembler.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/aarch64/encoder.h"
#include "core/base/bits.h"
#include "core/base/span.h"
#include "core/isa/op.h"
#include "core/machine/code_buffer.h"
#include "core/machine/macro_assembler.h"

namespace ebpf::aarch64 {

/// Bits of the CPU's features.
inline constexpr uint64_t kFeatureLse = 1;  // FEAT_LSE: atomics in one go

/// r1..r5 are x0..x4, where C passes arguments. C's result is in x0 as well, so
/// r0 is x7, and calls of C functions move it. r6..r9 are x19..x22. x10 and x11
/// are the temporaries. [arm/aapcs64: General-purpose registers]
///
/// x25 is r10 less kFrameBias, so that all of a program's stack is in reach of
/// one instruction: those with negative offsets reach down to -256. r10 is
/// changed only by Mov, and by Alu with a constant.
///
/// Two accesses in a row that LDP or STP can do become one instruction, unless
/// AtTarget stands between them. Code that may fault, and go on elsewhere,
/// wants AtTarget before and after.
///
/// Images are at most 128 MiB, which B and BL reach. Context: any.
class MacroAssembler {
 public:
  using Operation = isa::Operation;
  using Reg = machine::Reg;
  using Operand = machine::Operand;
  using Address = machine::Address;
  using FrameInfo = machine::FrameInfo;

  static constexpr bool kMemoryOperands = false;
  static constexpr bool kShiftedOperands = true;
  static constexpr bool kConditionalMove = true;
  static constexpr bool kKnowsSizes = false;
  /// r1 and r0 are not where C has them, both.
  static constexpr bool kEntryIsFunction = true;
  /// BL. [arm/arm: BL]
  static constexpr uint64_t kCallReach = 1u << 27;

  MacroAssembler(machine::CodeBuffer& buffer, uint64_t features)
      : buffer_(buffer), lse_((features & kFeatureLse) != 0) {}

  machine::InsnContext context;

  void Mov(unsigned width, Reg dst, Reg src);
  void MovImm(Reg dst, uint64_t value) { EmitConstant(To(dst), value); }
  void Alu(Operation op, unsigned width, Reg dst, Reg lhs, Operand rhs);
  void AluShifted(Operation op, unsigned width, Reg dst, Reg lhs, Reg rhs,
                  Operation shift, unsigned count);
  void Divide(Operation op, unsigned width, Reg dst, Reg lhs, Reg rhs,
              bool non_zero);
  void MultiplyHigh(Reg dst, Reg lhs, Reg rhs);
  void Negate(unsigned width, Reg dst, Reg src);
  void ByteSwap(unsigned bits, Reg dst, Reg src);
  void ZeroExtend(unsigned bits, Reg dst, Reg src);
  void SignExtend(unsigned bits, unsigned width, Reg dst, Reg src);
  void RotateLeft(unsigned width, Reg dst, Reg src, unsigned count);
  void ExtractBits(Reg dst, Reg src, unsigned shift, unsigned count);

  void Load(unsigned bits, bool sign_extend, Reg dst, const Address& from) {
    const uint32_t kind =
        sign_extend && bits != 64 ? encode::kLoadSigned : encode::kLoad;
    Access(kind, SizeOf(bits), To(dst), from);
  }
  void Store(unsigned bits, const Address& to, Operand value);
  void LoadSwapped(unsigned bits, Reg dst, const Address& from);
  void LoadAddress(Reg dst, const Address& address);

  void Atomic(Operation op, unsigned width, const Address& to, Reg src);
  void AtomicFetch(Operation op, unsigned width, const Address& to, Reg src);
  void CompareExchange(unsigned width, const Address& to, Reg src);
  void LoadAcquire(unsigned bits, Reg dst, const Address& from);
  void StoreRelease(unsigned bits, const Address& to, Reg src);

  uint8_t Branch(Operation condition, unsigned width, Reg lhs, Operand rhs,
                 int64_t distance);
  void MoveIf(Operation condition, unsigned width, Reg lhs, Operand rhs,
              Reg dst, Reg src);
  uint8_t Jump(int64_t /*distance*/) {
    Emit(encode::kB);
    return kImm26;
  }
  void CallHelper(uint64_t target, uint64_t from);
  uint8_t CallFunction(int64_t /*distance*/) {
    Emit(encode::kBl);
    return kImm26;
  }
  uint8_t LoadFunctionAddress(Reg dst, int64_t distance);
  void Prologue(const FrameInfo& frame);
  void Epilogue(const FrameInfo& frame);
  void MoveResult() { Emit(encode::Mov(true, kResult, To(0))); }
  void Return() { Emit(encode::kRet); }
  void JumpTo(Reg src) { Emit(encode::Br(From(src))); }
  void AtTarget() { flags_end_ = access_end_ = kNowhere; }
  uint8_t EntryStub(int64_t distance);
  void CallbackStub();

  static void FillGuard(Span<uint8_t> bytes);
  static void Patch(Span<uint8_t> code, size_t end, uint8_t form,
                    int64_t distance);

  static bool CanAddress(const Address& address, unsigned bits);
  static bool CanLoadAddress(const Address& address);
  /// REV16 does for LDRH what takes two for a register.
  bool HasSwappedLoad(unsigned bits) const { return bits == 16; }

  /// The number that the CPU has for a register, for who changes a program's
  /// registers in a trap.
  static constexpr unsigned NumberOf(Reg reg) { return kRegisters[reg]; }

 private:
  /// Which field of which instruction holds the distance.
  enum Form : uint8_t {
    kImm26,  // B, BL: the last instruction
    kImm19,  // B.cond, CBZ
    kImm14,  // TBZ
    kOther,  // what ends a stub, or an address
  };

  static constexpr int64_t kImm19Reach = int64_t{1} << 20;
  static constexpr int64_t kImm14Reach = int64_t{1} << 15;
  static constexpr int32_t kFrameBias = 256;
  static constexpr size_t kNowhere = ~size_t{0};

  // C's registers that the back end uses for itself.
  static constexpr unsigned kResult = 0;
  static constexpr unsigned kScratch0 = 9;
  static constexpr unsigned kScratch1 = 12;
  static constexpr unsigned kScratch2 = 13;
  static constexpr unsigned kScratchImm = 16;    // constants, addresses
  static constexpr unsigned kScratchFrame = 17;  // r10, when it is an operand
  static constexpr unsigned kFrame = 25;
  static constexpr unsigned kFp = 29;
  static constexpr unsigned kLr = 30;

  static constexpr uint8_t kRegisters[] = {7,  0,  1,  2,      3,  4, 19,
                                           20, 21, 22, kFrame, 10, 11};

  /// log2 of the bytes in `bits`.
  static constexpr unsigned SizeOf(unsigned bits) {
    return CountTrailingZeros(bits) - 3;
  }
  /// Whether a field that reaches `limit` bytes does, from a word or more
  /// before the code's end.
  static constexpr bool Reaches(int64_t distance, int64_t limit) {
    return distance >= 64 - limit && distance <= limit - 64;
  }
  /// The place of a result: any but r10.
  static unsigned To(Reg reg) { return kRegisters[reg]; }
  /// The place of an operand, at least until the next call of From.
  unsigned From(Reg reg) {
    if (reg == machine::kFramePointerReg) [[unlikely]] {
      return FrameOperand();
    }
    return kRegisters[reg];
  }
  unsigned FrameOperand();

  void Emit(uint32_t insn) { buffer_.Append(insn, 4); }
  void Emit(uint32_t first, uint32_t second) {
    buffer_.Append(first | uint64_t{second} << 32, 8);
  }

  void EmitConstant(unsigned rd, uint64_t value) {
    if (value <= 0xffff) {
      Emit(encode::MoveWide(encode::kMovz, false, rd,
                            static_cast<uint32_t>(value), 0));
    } else {
      EmitLongConstant(rd, value);
    }
  }
  void EmitLongConstant(unsigned rd, uint64_t value);
  void EmitConstant32(unsigned rd, uint32_t value);
  bool EmitMaskedConstant(unsigned rd, uint64_t value);
  void EmitHalves(unsigned rd, uint64_t value, uint64_t fill);

  void AluImm(Operation op, unsigned width, Reg dst, Reg lhs, int32_t imm);
  void AddImm(bool wide, unsigned rd, unsigned rn, int64_t imm);
  void LogicalImm(Operation op, bool wide, unsigned rd, unsigned rn,
                  int32_t imm);
  void MultiplyImm(bool wide, unsigned rd, unsigned rn, int32_t imm);

  void Access(uint32_t kind, unsigned size, unsigned rt,
              const Address& address) {
    if (address.index == machine::kNoReg) {
      int64_t offset = address.offset;
      if (address.base == machine::kFramePointerReg) {
        offset += kFrameBias;
      }
      AccessOffset(kind, size, rt, kRegisters[address.base], offset);
    } else {
      AccessIndexed(kind, size, rt, address);
    }
  }
  void AccessOffset(uint32_t kind, unsigned size, unsigned rt, unsigned rn,
                    int64_t offset);
  void AccessFar(uint32_t kind, unsigned size, unsigned rt, unsigned rn,
                 int64_t offset);
  void AccessIndexed(uint32_t kind, unsigned size, unsigned rt,
                     const Address& address);
  bool Merge(uint32_t kind, unsigned size, unsigned rt, unsigned rn,
             int64_t offset);
  /// A register that holds `address`.
  unsigned AddressOf(const Address& address);

  encode::Condition Compare(Operation op, unsigned width, Reg lhs, Operand rhs);
  Operation CompareImm(Operation op, bool wide, Reg lhs, int32_t imm);
  void CompareLongImm(Operation op, bool wide, unsigned rn, int64_t imm);
  void TestImm(bool wide, Reg lhs, int32_t imm);
  /// Whether the flags are those of `key`; they will be.
  bool FlagsAre(uint64_t key);
  /// The one instruction for conditions that need no flags; 0: there is none.
  static uint32_t TestAndBranch(Operation op, unsigned width, unsigned rn,
                                int32_t imm);
  uint8_t EmitConditional(uint32_t insn, uint32_t inverse, int64_t limit,
                          Form form, int64_t distance) {
    if (Reaches(distance, limit)) {
      Emit(insn);
      return form;
    }
    Emit((insn ^ inverse) | encode::Imm19(2), encode::kB);
    return kImm26;
  }

  machine::CodeBuffer& buffer_;
  const bool lse_;
  /// Where code ends after which the flags are those of flags_key_.
  size_t flags_end_ = kNowhere;
  uint64_t flags_key_ = 0;
  /// Where code ends with this access.
  size_t access_end_ = kNowhere;
  uint32_t access_kind_ = 0;  // size included
  unsigned access_rt_ = 0;
  unsigned access_rn_ = 0;
  int64_t access_offset_ = 0;
};

// What most programs consist of, here so that compilers see constants.

inline void MacroAssembler::Mov(unsigned width, Reg dst, Reg src) {
  const bool wide = width == 64;
  if (dst == machine::kFramePointerReg || src == machine::kFramePointerReg)
      [[unlikely]] {
    AluImm(Operation::kAdd, width, dst, src, 0);
    return;
  }
  if (dst == src && (wide || (context.live_upper_after >> dst & 1) == 0)) {
    return;
  }
  Emit(encode::Mov(wide, kRegisters[dst], kRegisters[src]));
}

inline void MacroAssembler::Alu(Operation op, unsigned width, Reg dst, Reg lhs,
                                Operand rhs) {
  if (rhs.is_imm()) {
    AluImm(op, width, dst, lhs, rhs.imm);
    return;
  }
  // From kAdd to kArsh in isa::Operation's order.
  static constexpr uint32_t kInsns[] = {encode::kAdd,
                                        encode::kSub,
                                        encode::kMul,
                                        0,
                                        0,
                                        encode::kOrr,
                                        encode::kAnd,
                                        encode::kLslv,
                                        encode::kLsrv,
                                        0,
                                        0,
                                        encode::kEor,
                                        0,
                                        encode::kAsrv};
  const auto index =
      static_cast<unsigned>(op) - static_cast<unsigned>(Operation::kAdd);
  const unsigned rn = From(lhs);
  const unsigned rm = From(rhs.reg);
  Emit(encode::ThreeRegs(kInsns[index], width == 64, To(dst), rn, rm));
}

inline void MacroAssembler::AccessOffset(uint32_t kind, unsigned size,
                                         unsigned rt, unsigned rn,
                                         int64_t offset) {
  const auto unsigned_offset = static_cast<uint64_t>(offset);
  const bool aligned = (unsigned_offset & ((1u << size) - 1)) == 0;
  if (buffer_.size() == access_end_ && Merge(kind, size, rt, rn, offset)) {
    return;
  }
  if (aligned && unsigned_offset >> size < 4096) {
    Emit(encode::AccessScaled(kind, size, rt, rn,
                              static_cast<uint32_t>(offset >> size)));
  } else if (offset >= -256 && offset < 256) {
    Emit(encode::AccessUnscaled(kind, size, rt, rn,
                                static_cast<int32_t>(offset)));
  } else {
    AccessFar(kind, size, rt, rn, offset);
    return;
  }
  access_end_ = buffer_.size();
  access_kind_ = kind | size;
  access_rt_ = rt;
  access_rn_ = rn;
  access_offset_ = offset;
}

inline uint8_t MacroAssembler::Branch(Operation condition, unsigned width,
                                      Reg lhs, Operand rhs, int64_t distance) {
  if (rhs.is_imm()) {
    const uint32_t insn = TestAndBranch(condition, width, 0, rhs.imm);
    if (insn != 0) {
      const unsigned rn = From(lhs);
      const bool one_bit = (insn & 0x02000000) != 0;
      return EmitConditional(insn | rn, 1u << 24,
                             one_bit ? kImm14Reach : kImm19Reach,
                             one_bit ? kImm14 : kImm19, distance);
    }
  }
  const encode::Condition if_so = Compare(condition, width, lhs, rhs);
  const uint8_t form =
      EmitConditional(encode::BCond(if_so), 1, kImm19Reach, kImm19, distance);
  flags_end_ = buffer_.size();
  return form;
}

static_assert(machine::MacroAssemblerFor<MacroAssembler>);

}  // namespace ebpf::aarch64
