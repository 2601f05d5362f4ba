// SPDX-License-Identifier: MIT
//
// The RISC-V side of core/machine/macro_assembler.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/emitter.h"
#include "arch/riscv64/encoder.h"
#include "core/base/span.h"
#include "core/isa/op.h"
#include "core/machine/code_buffer.h"
#include "core/machine/macro_assembler.h"

namespace ebpf::riscv64 {

/// Bits of the CPU's features: extensions of rv64gc.
inline constexpr uint64_t kFeatureZba = 1;
inline constexpr uint64_t kFeatureZbb = 2;

/// r1..r5 are a0..a4, where C passes arguments. C's result is in a0 as well, so
/// r0 is a5, and calls of C functions move it. r6..r9 are s1..s4, r10 is s5;
/// t1 and t2 are the temporaries. s0 is C's frame pointer. [riscv/abi: Integer
/// Register Convention, Frame Pointer Convention]
///
/// s6 holds 2^32 - 1 while a program runs, if it needs that: one AND extends a
/// word with zeros then. The stubs put it there: EntryStub is emitted before,
/// CallbackStub behind all functions, and a second pass is made with the same
/// assembler.
///
/// What the CPU computes in words it extends with their sign, so a result needs
/// zeros only where its upper half is read. The assembler remembers which
/// registers hold words, extended how, and compares words without more ado
/// where both are extended alike: sign-extended ones compare as the words do,
/// signed or not. It also remembers a base with a large offset added, and a
/// constant, in its scratch registers. AtTarget makes it forget all.
///
/// Images are at most 2 GiB. Context: any.
class MacroAssembler {
 public:
  using Operation = isa::Operation;
  using Reg = machine::Reg;
  using Operand = machine::Operand;
  using Address = machine::Address;
  using FrameInfo = machine::FrameInfo;

  static constexpr bool kMemoryOperands = false;
  static constexpr bool kShiftedOperands = false;
  static constexpr bool kConditionalMove = false;
  static constexpr bool kKnowsSizes = false;
  static constexpr bool kEntryIsFunction = false;
  /// What AUIPC and JALR reach.
  static constexpr uint64_t kCallReach = 0x7fff'0000;

  MacroAssembler(machine::CodeBuffer& buffer, uint64_t features)
      : emit_(buffer),
        zba_((features & kFeatureZba) != 0),
        zbb_((features & kFeatureZbb) != 0) {}

  machine::InsnContext context;

  void Mov(unsigned width, Reg dst, Reg src);
  void MovImm(Reg dst, uint64_t value);
  void Alu(Operation op, unsigned width, Reg dst, Reg lhs, Operand rhs);
  void Divide(Operation op, unsigned width, Reg dst, Reg lhs, Reg rhs,
              bool non_zero);
  void MultiplyHigh(Reg dst, Reg lhs, Reg rhs);
  void Negate(unsigned width, Reg dst, Reg src);
  void ByteSwap(unsigned bits, Reg dst, Reg src);
  void ZeroExtend(unsigned bits, Reg dst, Reg src);
  void SignExtend(unsigned bits, unsigned width, Reg dst, Reg src);
  void RotateLeft(unsigned width, Reg dst, Reg src, unsigned count);
  void ExtractBits(Reg dst, Reg src, unsigned shift, unsigned count);

  void Load(unsigned bits, bool sign_extend, Reg dst, const Address& from);
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
  uint8_t Jump(int64_t distance);
  void CallHelper(uint64_t target, uint64_t from);
  uint8_t CallFunction(int64_t distance);
  uint8_t LoadFunctionAddress(Reg dst, int64_t distance);
  void Prologue(const FrameInfo& frame);
  void Epilogue(const FrameInfo& frame);
  void MoveResult() {}  // EntryStub does
  void Return() { emit_.Half(encode::CJr(encode::kRa)); }
  void JumpTo(Reg src);
  void AtTarget() {
    zeros_ = signs_ = 0;
    ForgetScratch();
  }
  uint8_t EntryStub(int64_t distance);
  void CallbackStub();

  static void FillGuard(Span<uint8_t> bytes);
  static void Patch(Span<uint8_t> code, size_t end, uint8_t form,
                    int64_t distance);

  static bool CanAddress(const Address& address, unsigned /*bits*/) {
    return address.index == machine::kNoReg && encode::Fits(address.offset, 12);
  }
  /// A scaled index takes two instructions without Zba, which is what shifting
  /// and adding takes as well.
  static bool CanLoadAddress(const Address& address) {
    return address.index == machine::kNoReg ? encode::Fits(address.offset, 12)
                                            : address.offset == 0;
  }
  /// Single bytes put together beat what swaps the bytes of a register.
  bool HasSwappedLoad(unsigned bits) const { return !zbb_ && bits <= 32; }

  /// The number that the CPU has for a register, for who changes a program's
  /// registers in a trap.
  static constexpr unsigned NumberOf(Reg reg) { return kRegisters[reg]; }

 private:
  /// What the emitted code ends with.
  enum Form : uint8_t {
    kShort,   // C.J, C.BEQZ, C.BNEZ; or a return: then it is EntryStub
    kBranch,  // a conditional branch
    kJal,
    kFar,  // AUIPC and what adds the rest
  };

  // The CPU's registers that the back end uses for itself.
  static constexpr unsigned kMask = encode::kS6;
  static constexpr unsigned kScratchAddress = encode::kT3;
  static constexpr unsigned kScratchImm = encode::kT4;
  static constexpr unsigned kScratch = encode::kT5;
  static constexpr unsigned kScratch2 = encode::kT6;
  static constexpr unsigned kFrame = encode::kS5;

  static constexpr uint8_t kRegisters[] = {
      encode::kA5, encode::kA0, encode::kA1, encode::kA2, encode::kA3,
      encode::kA4, encode::kS1, encode::kS2, encode::kS3, encode::kS4,
      kFrame,      encode::kT1, encode::kT2};
  static constexpr uint16_t kTemporaries =
      1 << machine::kTemp0 | 1 << machine::kTemp1;
  static constexpr uint16_t kCallerSaved = 0x3f | kTemporaries;

  /// How a register's upper half is known to follow from its lower one.
  enum Known : unsigned {
    kNothing = 0,
    kZeros = 1,
    kSigns = 2,
    kBoth = 3,  // a word that is not negative
  };

  static unsigned To(Reg reg) { return kRegisters[reg]; }

  Known KnownOf(Reg reg) const {
    return static_cast<Known>((zeros_ >> reg & 1) | (signs_ >> reg & 1) << 1);
  }
  bool HasSigns(Reg reg) const { return (signs_ >> reg & 1) != 0; }
  bool HasZeros(Reg reg) const { return (zeros_ >> reg & 1) != 0; }
  static constexpr Known Intersect(Known a, Known b) {
    return static_cast<Known>(a & b);
  }
  void Set(Reg reg, Known known) {
    const auto bit = static_cast<uint16_t>(1u << reg);
    zeros_ = static_cast<uint16_t>((known & kZeros) != 0 ? zeros_ | bit
                                                         : zeros_ & ~bit);
    signs_ = static_cast<uint16_t>((known & kSigns) != 0 ? signs_ | bit
                                                         : signs_ & ~bit);
    if (reg == upper_base_) {
      upper_base_ = machine::kNoReg;
    }
  }
  void ForgetScratch() {
    upper_base_ = machine::kNoReg;
    has_constant_ = false;
  }
  /// kScratchImm, with `value` in it.
  unsigned ConstantIn(int64_t value) {
    if (!has_constant_ || constant_ != value) {
      emit_.Constant64(kScratchImm, value);
      has_constant_ = true;
      constant_ = value;
    }
    return kScratchImm;
  }
  /// Of temporaries nobody knows, and r10 is the compiler's as well.
  bool UpperIsRead(Reg reg) const {
    constexpr uint16_t kAlwaysRead =
        kTemporaries | 1 << machine::kFramePointerReg;
    return ((context.live_upper_after | kAlwaysRead) >> reg & 1) != 0;
  }

  /// Zeros for the upper half of dst, a word's result, where they are read.
  void FinishWord(Reg dst, Known known) {
    if ((known & kZeros) == 0 && UpperIsRead(dst)) {
      ExtendWithZeros(To(dst), To(dst));
      known = kZeros;
    }
    Set(dst, known);
  }
  void ExtendWithZeros(unsigned rd, unsigned rs);
  void LongConstant(unsigned rd, int64_t value);

  void AluRegs(Operation op, unsigned width, Reg dst, Reg lhs, Reg rhs);
  void BitwiseRegs(Operation op, unsigned width, Reg dst, Reg lhs, Reg rhs);
  void AluImm(Operation op, unsigned width, Reg dst, Reg lhs, int64_t imm);
  void AddImm(unsigned width, Reg dst, Reg lhs, int64_t imm);
  void BitwiseImm(Operation op, unsigned width, Reg dst, Reg lhs, int64_t imm);
  void AndWithImm(unsigned rd, unsigned rs, int64_t imm);
  void MultiplyImm(unsigned width, Reg dst, Reg lhs, int64_t imm);
  void ShiftImm(Operation op, unsigned width, Reg dst, Reg lhs, unsigned count);
  void ShiftWordImm(Operation op, Reg dst, Reg lhs, unsigned count);

  void SkipNextUnlessZero(unsigned rs);

  void SwapHalfWord(unsigned rd, unsigned rs);
  void SwapWord(Reg dst, Reg src);
  void SwapDoubleWord(unsigned rd, unsigned rs);

  /// A base and an offset of twelve bits.
  struct Place {
    unsigned base;
    int64_t offset;
  };
  /// Nothing is emitted for most addresses; else kScratchAddress is the base,
  /// and may be so for the next ones.
  Place PlaceOf(const Address& address) {
    if (address.index == machine::kNoReg && encode::Fits(address.offset, 12)) {
      return {To(address.base), address.offset};
    }
    return ComputePlace(address);
  }
  Place ComputePlace(const Address& address);
  /// A register that holds the address.
  unsigned AddressOf(const Address& address);
  void ScaleAndAdd(unsigned rd, unsigned index, unsigned scale, unsigned base);

  /// Whether a jump that is `size` bytes long, and ends the code, can have
  /// `distance` in a signed field of `bits`.
  static constexpr bool Reaches(int64_t distance, int64_t size, unsigned bits) {
    const int64_t limit = int64_t{1} << (bits - 1);
    return distance >= -limit && distance < limit - size;
  }
  uint8_t EmitBranch(uint32_t condition, unsigned rs1, unsigned rs2,
                     int64_t distance);
  uint8_t EmitFarBranch(uint32_t condition, unsigned rs1, unsigned rs2,
                        int64_t distance);
  uint8_t BranchImm(Operation op, unsigned width, Reg lhs, int64_t imm,
                    int64_t distance);
  uint8_t BranchIfSet(unsigned width, Reg lhs, Operand rhs, int64_t distance);
  uint8_t BranchIfSetImm(unsigned width, Reg lhs, int64_t imm,
                         int64_t distance);
  /// A register that holds the word of `reg` with its sign: its own where that
  /// is known or nobody minds, else `scratch`.
  unsigned WithSign(Reg reg, unsigned scratch);

  uint8_t EmitLongJump(unsigned link, int64_t distance);
  void EnterStub(bool sets_mask);
  void LeaveStub(bool sets_mask);

  Emitter emit_;
  const bool zba_;
  const bool zbb_;
  /// Bit r: rN's upper half is zeros, is all the lower half's sign.
  uint16_t zeros_ = 0;
  uint16_t signs_ = 0;
  /// kScratchAddress holds this register and upper_; kNoReg: something else.
  Reg upper_base_ = machine::kNoReg;
  int64_t upper_ = 0;
  /// kScratchImm holds constant_.
  bool has_constant_ = false;
  int64_t constant_ = 0;
  /// Code was emitted that wants kMask.
  bool uses_mask_ = false;
  /// The first pass has begun: from the second EntryStub on uses_mask_ tells
  /// all.
  bool has_begun_ = false;
};

// What most programs consist of, here so that compilers see constants.

inline void MacroAssembler::Mov(unsigned width, Reg dst, Reg src) {
  if (width == 32 && !HasZeros(src) && UpperIsRead(dst)) {
    ExtendWithZeros(To(dst), To(src));
    Set(dst, kZeros);
    return;
  }
  emit_.Move(To(dst), To(src));
  Set(dst, KnownOf(src));
}

inline void MacroAssembler::MovImm(Reg dst, uint64_t value) {
  auto number = static_cast<int64_t>(value);
  if (!UpperIsRead(dst)) {
    number = static_cast<int32_t>(number);
  }
  const bool is_word = encode::Fits(number, 32);
  if (is_word) {
    emit_.Constant32(To(dst), number);
  } else {
    LongConstant(To(dst), number);
  }
  Known known = is_word ? kSigns : kNothing;
  if (static_cast<uint64_t>(number) >> 32 == 0) {
    known = static_cast<Known>(known | kZeros);
  }
  Set(dst, known);
}

inline void MacroAssembler::Alu(Operation op, unsigned width, Reg dst, Reg lhs,
                                Operand rhs) {
  if (rhs.is_imm()) {
    AluImm(op, width, dst, lhs, rhs.imm);
  } else {
    AluRegs(op, width, dst, lhs, rhs.reg);
  }
}

inline uint8_t MacroAssembler::EmitBranch(uint32_t condition, unsigned rs1,
                                          unsigned rs2, int64_t distance) {
  if (condition <= encode::kBne && rs2 == encode::kZero &&
      encode::IsShort(rs1) && Reaches(distance, 2, 9)) {
    emit_.Half(encode::ShortBranch(condition == encode::kBne, rs1, 0));
    return kShort;
  }
  if (Reaches(distance, 4, 13)) {
    emit_.Word(encode::Branch(condition, rs1, rs2, 0));
    return kBranch;
  }
  return EmitFarBranch(condition, rs1, rs2, distance);
}

static_assert(machine::MacroAssemblerFor<MacroAssembler>);

}  // namespace ebpf::riscv64
