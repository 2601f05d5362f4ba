// SPDX-License-Identifier: MIT
//
// The x86-64 side of core/machine/macro_assembler.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/code_sizes.h"
#include "arch/x86_64/encoder.h"
#include "core/base/span.h"
#include "core/isa/op.h"
#include "core/machine/code_buffer.h"
#include "core/machine/macro_assembler.h"

namespace ebpf::x86_64 {

/// Bits of the CPU's features; arch/x86_64/machine/cpu_features.h finds them.
inline constexpr uint64_t kFeatureBmi2 = 1;   // shifts without flags or cl
inline constexpr uint64_t kFeatureMovbe = 2;  // loads that swap bytes

/// r0 is rax, r1..r5 are rdi, rsi, rdx, rcx, r8, as C has it; r6..r9 are rbx,
/// r14, r15, r12. r10 is r13, which as a base needs an offset anyway. r10 and
/// r11 are the temporaries, r9 is scratch, rbp the frame pointer.
/// [psABI: Register Usage]
///
/// A result of 32 bits zeroes the upper half by itself. So where nobody reads
/// an upper half, operations are of 32 bits, which saves a byte.
///
/// What compares remembers the flags: those of a compare like it, or of the
/// operation that gave the register compared with 0 are taken, if nothing came
/// between but moves, loads and stores.
///
/// Images are at most 2 GiB. Context: any.
class MacroAssembler {
 public:
  using Operation = isa::Operation;
  using Reg = machine::Reg;
  using Operand = machine::Operand;
  using Address = machine::Address;
  using FrameInfo = machine::FrameInfo;

  /// Of CALL.
  static constexpr uint64_t kCallReach = uint64_t{1} << 31;
  static constexpr bool kMemoryOperands = true;
  static constexpr bool kShiftedOperands = false;
  static constexpr bool kConditionalMove = true;
  static constexpr bool kEntryIsFunction = true;
  static constexpr bool kKnowsSizes = true;
  static constexpr unsigned kPrologueBytes = kPrologueSize;
  static constexpr unsigned kAddressCheckBytes = kAddressCheckSize;
  static constexpr unsigned kStubsBytes = kStubsSize;
  static constexpr machine::CodeSize MostBytes(isa::Op op, isa::Family family,
                                               Operation operation,
                                               unsigned width,
                                               bool from_register) {
    return x86_64::MostBytes(op, family, operation, width, from_register);
  }

  MacroAssembler(machine::CodeBuffer& buffer, uint64_t features)
      : out_(buffer),
        bmi2_((features & kFeatureBmi2) != 0),
        movbe_((features & kFeatureMovbe) != 0) {}

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
  void AluMemory(Operation op, unsigned width, Reg dst, const Address& from);
  void MemoryAlu(Operation op, unsigned width, const Address& to, Operand rhs);

  void Atomic(Operation op, unsigned width, const Address& to, Reg src);
  void AtomicFetch(Operation op, unsigned width, const Address& to, Reg src);
  void CompareExchange(unsigned width, const Address& to, Reg src);
  /// Loads and stores of x86-64 are ordered as asked. [intel/vol3: Memory
  /// Ordering]
  void LoadAcquire(unsigned bits, Reg dst, const Address& from) {
    Load(bits, false, dst, from);
  }
  void StoreRelease(unsigned bits, const Address& to, Reg src) {
    Store(bits, to, Operand::Of(src));
  }

  uint8_t Branch(Operation condition, unsigned width, Reg lhs, Operand rhs,
                 int64_t distance);
  void MoveIf(Operation condition, unsigned width, Reg lhs, Operand rhs,
              Reg dst, Reg src) {
    const Condition if_so = Compare(condition, width, lhs, rhs);
    out_.Cmov(if_so, UpperIsRead(dst), Of(dst), Of(src));
  }
  uint8_t Jump(int64_t distance) {
    if (Encoder::IsInt8(distance)) {
      out_.Jmp8(0);
      return kByte;
    }
    out_.Jmp32(0);
    return kWord;
  }
  void CallHelper(uint64_t target, uint64_t from);
  uint8_t CallFunction(int64_t /*distance*/) {
    out_.Call32(0);
    return kWord;
  }
  uint8_t LoadFunctionAddress(Reg dst, int64_t /*distance*/) {
    out_.LeaRip(Of(dst), 0);
    return kWord;
  }
  void Prologue(const FrameInfo& frame);
  void Epilogue(const FrameInfo& frame);
  void MoveResult() {}  // r0 is there
  void Return() { out_.Ret(); }
  void JumpTo(Reg src) { out_.JmpTo(Of(src)); }
  void AtTarget() { flags_end_ = kNowhere; }
  uint8_t EntryStub(int64_t distance);
  void CallbackStub();

  static void FillGuard(Span<uint8_t> bytes);
  static void Patch(Span<uint8_t> code, size_t end, uint8_t form,
                    int64_t distance);

  static bool Reaches(uint8_t form, int64_t distance) {
    return form != kByte || Encoder::IsInt8(distance);
  }

  static bool CanAddress(const Address& address, unsigned /*bits*/) {
    return address.base != machine::kNoReg;
  }
  static bool CanLoadAddress(const Address& address) {
    return address.base != machine::kNoReg;
  }
  /// 16 bits are loaded and rotated.
  bool HasSwappedLoad(unsigned bits) const { return bits == 16 || movbe_; }

  /// The number that the CPU has for a register, for who changes a program's
  /// registers in a trap.
  static constexpr unsigned NumberOf(Reg reg) { return kRegisters[reg]; }

 private:
  /// How the distance is written, and where.
  enum Form : uint8_t {
    kByte,  // the last byte
    kWord,  // the last four bytes
    kStub,  // four bytes, before the end of the entry stub
  };

  static constexpr unsigned kScratch = kR9;
  static constexpr size_t kNowhere = ~size_t{0};
  static constexpr Reg kNoDst = machine::kTemp1 + 1;

  /// Registers that the compiler's knowledge of who reads what is not of: r10
  /// and the temporaries.
  static constexpr uint32_t kAlwaysRead = 0x1c00;

  static constexpr uint8_t kRegisters[] = {kRax, kRdi, kRsi, kRdx, kRcx,
                                           kR8,  kRbx, kR14, kR15, kR12,
                                           kR13, kR10, kR11};
  static unsigned Of(Reg reg) { return kRegisters[reg]; }

  static Memory At(const Address& address) {
    if (address.index == machine::kNoReg) {
      return {kRegisters[address.base], Memory::kNoIndex, 0, address.offset};
    }
    return {kRegisters[address.base], kRegisters[address.index], address.scale,
            address.offset};
  }

  bool UpperIsRead(Reg reg) const {
    return ((context.live_upper_after | kAlwaysRead) >> reg & 1) != 0;
  }
  bool IsRead(Reg reg) const {
    return ((context.live_after | kAlwaysRead) >> reg & 1) != 0;
  }
  /// Whether what is computed in 64 bits, from the lowest up, needs them all.
  bool NeedsAll(unsigned width, Reg dst) const {
    return width == 64 && UpperIsRead(dst);
  }

  // By C's names of registers, from here on.

  void Move(bool wide, unsigned to, unsigned from) {
    if (to != from) {
      out_.Mov(wide, to, from);
    }
  }
  void Constant(unsigned to, uint64_t value);

  static constexpr uint8_t kNoCode = 0xff;
  static uint8_t CodeOf(Operation op) {
    // From kAdd to kArsh in isa::Operation's order.
    constexpr uint8_t kNone = kNoCode;
    static constexpr uint8_t kCodes[] = {
        static_cast<uint8_t>(AluCode::kAdd),
        static_cast<uint8_t>(AluCode::kSub),
        kNone,
        kNone,
        kNone,
        static_cast<uint8_t>(AluCode::kOr),
        static_cast<uint8_t>(AluCode::kAnd),
        kNone,
        kNone,
        kNone,
        kNone,
        static_cast<uint8_t>(AluCode::kXor),
        kNone,
        kNone,
    };
    return kCodes[static_cast<unsigned>(op) -
                  static_cast<unsigned>(Operation::kAdd)];
  }

  /// They leave no carry and no overflow, as a test does.
  static bool IsLogical(AluCode code) {
    return code == AluCode::kAnd || code == AluCode::kOr ||
           code == AluCode::kXor;
  }

  void ThreeRegs(AluCode code, bool wide, Reg dst, Reg lhs, Reg rhs);
  void AluImm(Operation op, unsigned width, Reg dst, Reg lhs, int32_t imm);
  void AddImm(bool wide, Reg dst, Reg lhs, int32_t imm);
  void AndImm(bool wide, Reg dst, Reg lhs, int32_t imm);
  void MultiplyImm(bool wide, Reg dst, Reg lhs, int32_t imm);
  void ShiftImm(Operation op, unsigned width, Reg dst, Reg lhs, unsigned count);
  void Multiply(bool wide, Reg dst, Reg lhs, Reg rhs);
  void Shift(ShiftCode code, bool wide, Reg dst, Reg lhs, Reg rhs);
  unsigned DivideUnsigned(bool is_div, bool wide, unsigned divisor,
                          bool non_zero);
  unsigned DivideSigned(bool is_div, bool wide, unsigned divisor,
                        bool non_zero);
  void FetchByLoop(AluCode code, bool wide, const Memory& to, unsigned src,
                   bool keep_rax);

  Condition Compare(Operation op, unsigned width, Reg lhs, Operand rhs);
  Condition CompareImm(Operation op, bool wide, Reg lhs, int32_t imm);
  void TestImm(bool wide, Reg lhs, int32_t imm);

  // Flags.

  static uint64_t FlagsKey(bool wide, Reg lhs, Operand rhs,
                           bool is_test = false) {
    return static_cast<uint32_t>(rhs.imm) | uint64_t{lhs} << 32 |
           uint64_t{rhs.reg} << 40 | uint64_t{wide} << 48 |
           uint64_t{is_test} << 49;
  }
  bool FlagsAre(uint64_t key) const {
    return flags_end_ == out_.size() && flags_key_ == key;
  }
  /// All of them, as `key` says.
  void FlagsBecome(uint64_t key) {
    flags_key_ = key;
    flags_are_whole_ = true;
    flags_are_of_result_ = false;
    flags_end_ = out_.size();
  }
  /// They are those of comparing `dst` with 0; kE, kNe, kS and kNs at least.
  void FlagsAreOf(bool wide, Reg dst, bool all_of_them) {
    FlagsBecome(FlagsKey(wide, dst, Operand::Imm(0)));
    flags_are_whole_ = all_of_them;
    flags_are_of_result_ = true;
  }

  /// An instruction before which the code had `size` bytes changed no flags,
  /// and no register but `dst`.
  void FlagsStay(size_t size, Reg dst) {
    const auto lhs = static_cast<Reg>(flags_key_ >> 32);
    const auto rhs = static_cast<Reg>(flags_key_ >> 40);
    if (flags_end_ == size && dst != lhs && dst != rhs) {
      flags_end_ = out_.size();
    }
  }

  Encoder out_;
  const bool bmi2_;
  const bool movbe_;
  bool flags_are_whole_ = false;
  bool flags_are_of_result_ = false;
  /// Where code ends after which the flags are those of flags_key_.
  size_t flags_end_ = kNowhere;
  uint64_t flags_key_ = 0;
};

// What most programs consist of, here so that compilers see constants.

inline void MacroAssembler::Mov(unsigned width, Reg dst, Reg src) {
  const bool upper = UpperIsRead(dst);
  if (dst == src && (width == 64 || !upper)) {
    return;
  }
  const size_t size = out_.size();
  out_.Mov(width == 64 && upper, Of(dst), Of(src));
  FlagsStay(size, dst);
}

inline void MacroAssembler::MovImm(Reg dst, uint64_t value) {
  value = UpperIsRead(dst) ? value : static_cast<uint32_t>(value);
  const size_t size = out_.size();
  Constant(Of(dst), value);
  if (value != 0) {
    FlagsStay(size, dst);
  }
}

inline void MacroAssembler::Alu(Operation op, unsigned width, Reg dst, Reg lhs,
                                Operand rhs) {
  if (rhs.is_imm()) {
    AluImm(op, width, dst, lhs, rhs.imm);
    return;
  }
  const uint8_t code = CodeOf(op);
  if (code != kNoCode) [[likely]] {
    const bool wide = NeedsAll(width, dst);
    if (dst == lhs) [[likely]] {
      out_.Alu(AluCode{code}, wide, Of(dst), Of(rhs.reg));
      FlagsAreOf(wide, dst, IsLogical(AluCode{code}));
    } else {
      ThreeRegs(AluCode{code}, wide, dst, lhs, rhs.reg);
    }
  } else if (op == Operation::kMul) {
    Multiply(NeedsAll(width, dst), dst, lhs, rhs.reg);
  } else {
    const ShiftCode shift = op == Operation::kLsh   ? ShiftCode::kShl
                            : op == Operation::kRsh ? ShiftCode::kShr
                                                    : ShiftCode::kSar;
    Shift(shift, width == 64, dst, lhs, rhs.reg);
  }
}

inline void MacroAssembler::Load(unsigned bits, bool sign_extend, Reg dst,
                                 const Address& from) {
  const Memory memory = At(from);
  const unsigned to = Of(dst);
  const size_t size = out_.size();
  if (bits == 64) {
    out_.Load(true, to, memory);
  } else if (!sign_extend) {
    if (bits == 32) {
      out_.Load(false, to, memory);
    } else if (bits == 8) {
      out_.LoadZx8(to, memory);
    } else {
      out_.LoadZx16(to, memory);
    }
  } else {
    const bool wide = UpperIsRead(dst);
    if (bits == 8) {
      out_.LoadSx8(wide, to, memory);
    } else if (bits == 16) {
      out_.LoadSx16(wide, to, memory);
    } else if (wide) {
      out_.LoadSx32(to, memory);
    } else {
      out_.Load(false, to, memory);
    }
  }
  FlagsStay(size, dst);
}

inline void MacroAssembler::Store(unsigned bits, const Address& to,
                                  Operand value) {
  const Memory memory = At(to);
  const size_t size = out_.size();
  if (!value.is_imm()) {
    const unsigned from = Of(value.reg);
    if (bits >= 32) {
      out_.Store(bits == 64, memory, from);
    } else if (bits == 8) {
      out_.Store8(memory, from);
    } else {
      out_.Store16(memory, from);
    }
  } else if (bits >= 32) {
    out_.StoreImm(bits == 64, memory, value.imm);
  } else if (bits == 8) {
    out_.StoreImm8(memory, value.imm);
  } else {
    out_.StoreImm16(memory, value.imm);
  }
  FlagsStay(size, kNoDst);
}

inline uint8_t MacroAssembler::Branch(Operation condition, unsigned width,
                                      Reg lhs, Operand rhs, int64_t distance) {
  const Condition if_so = Compare(condition, width, lhs, rhs);
  const bool is_near = Encoder::IsInt8(distance);
  if (is_near) {
    out_.Jcc8(if_so, 0);
  } else {
    out_.Jcc32(if_so, 0);
  }
  flags_end_ = out_.size();
  return is_near ? kByte : kWord;
}

static_assert(machine::MacroAssemblerFor<MacroAssembler>);

}  // namespace ebpf::x86_64
