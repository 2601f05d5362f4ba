// SPDX-License-Identifier: MIT
//
// The compiler: from instructions to calls of a macro assembler, for any CPU.
//
// Where the macro assembler knows how much code an instruction is at most, the
// analysis leaves bounds of what is still to come, the image gets its place by
// them, and one pass emits: each jump in the shortest form that reaches as far
// as they say. A last look at the jumps puts the distances in. Should a bound
// have been too low, or where constants are hidden, there are two passes: the
// first one only measures, every jump in its longest form, and leaves upper
// bounds of all offsets; the second one leaves exact ones.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/helpers/prototype.h"
#include "core/isa/op.h"
#include "core/jit/analysis.h"
#include "core/jit/compilation.h"
#include "core/jit/division.h"
#include "core/jit/fusion.h"
#include "core/jit/op_traits.h"
#include "core/jit/random_stream.h"
#include "core/machine/macro_assembler.h"
#include "core/maps/prog_array_map.h"
#include "core/program/run_context.h"

namespace ebpf::jit {

template <machine::MacroAssemblerFor Masm>
class Compiler {
 public:
  Compiler(Compilation& compilation, Survey& survey)
      : c_(compilation),
        survey_(survey),
        masm_(buffer_, compilation.options.cpu_features),
        has_(CapabilitiesOf(masm_)),
        matcher_(compilation.insns, compilation.states, has_) {}

  /// The macro assembler's, or null.
  static const CodeBounds* Bounds() {
    if constexpr (Masm::kKnowsSizes) {
      return &kBounds;
    } else {
      return nullptr;
    }
  }

  /// Compiles what was analysed, with Bounds. kTooBig, what `place` said, or
  /// kInvalid where the two passes do not agree.
  Status Run() {
    if constexpr (Masm::kKnowsSizes) {
      if (!c_.options.blind_constants) {
        if (EBPF_TRY(RunAtOnce())) {
          return Status::kOk;
        }
      }
    }
    mode_ = Mode::kMeasure;
    buffer_.Measure();
    EmitAll();
    if (buffer_.size() > kMaxImageSize) {
      return Status::kTooBig;
    }
    EBPF_TRY(Place(buffer_.size()));
    mode_ = Mode::kMeasured;
    EmitAll();
    if (grew_ || buffer_.overflowed()) {
      return Status::kInvalid;  // a bug of ours; the program is not run
    }
    c_.code_size = buffer_.size();
    return PatchAll() ? Status::kOk : Status::kInvalid;
  }

 private:
  using Op = isa::Op;
  using Operation = isa::Operation;
  using Family = isa::Family;
  using Reg = machine::Reg;
  using Address = machine::Address;
  using Operand = machine::Operand;
  using Kind = MacroOp::Kind;

  static constexpr Reg kR10 = machine::kFramePointerReg;
  static constexpr Reg kT0 = machine::kTemp0;
  static constexpr Reg kT1 = machine::kTemp1;

  static Capabilities CapabilitiesOf(const Masm& masm) {
    uint8_t swapped = 0;
    for (unsigned bits = 16; bits <= 64; bits *= 2) {
      swapped |= masm.HasSwappedLoad(bits) ? bits : 0;
    }
    return {.can_address = Masm::CanAddress,
            .can_load_address = Masm::CanLoadAddress,
            .memory_operands = Masm::kMemoryOperands,
            .shifted_operands = Masm::kShiftedOperands,
            .conditional_move = Masm::kConditionalMove,
            .swapped_loads = swapped};
  }

  enum class Mode : uint8_t {
    kAtOnce,    // offsets of what is to come are bytes to the program's end
    kMeasure,   // nothing is known of what is to come
    kMeasured,  // offsets of it are upper bounds
  };

  static constexpr CodeBounds MakeBounds() {
    CodeBounds bounds{};
    if constexpr (Masm::kKnowsSizes) {
      for (size_t op = 0; op < isa::kOpCount; ++op) {
        const OpTraits& traits = op_traits::kTable[op];
        bounds.of[op] = Masm::MostBytes(static_cast<Op>(op), traits.family,
                                        traits.operation, traits.width,
                                        traits.Has(OpTraits::kSourceIsReg));
      }
      bounds.prologue = Masm::kPrologueBytes;
      bounds.probed = Masm::kAddressCheckBytes;
    }
    return bounds;
  }
  static constexpr CodeBounds kBounds = MakeBounds();

  // The whole program.

  /// False: it was not to be.
  Result<bool> RunAtOnce() {
    const size_t most =
        size_t{c_.states[0].offset} + Masm::kPrologueBytes + Masm::kStubsBytes;
    if (most > kMaxImageSize / 2) {
      return false;
    }
    EBPF_TRY(Place(most));
    mode_ = Mode::kAtOnce;
    EmitAll();
    c_.code_size = buffer_.size();
    return !buffer_.overflowed() && PatchAll();
  }

  Status Place(size_t size) {
    EBPF_TRY(c_.place(c_, size));
    buffer_.Use(c_.code);
    return Status::kOk;
  }

  bool placed() const { return mode_ != Mode::kMeasure; }

  void EmitAll() {
    random_ = RandomStream(c_.options.seed);
    function_count_ = 0;
    exception_count_ = 0;
    alias_end_ = 0;
    alias_live_ = 0;
    alias_reg_ = machine::kNoReg;
    entry_end_ = 0;
    if (survey_.uses_stack || !Masm::kEntryIsFunction) {
      c_.entry = 0;
      entry_form_ = masm_.EntryStub(Forward(survey_.functions[0].offset));
      entry_end_ = buffer_.size();
    }
    const size_t count = c_.insns.size();
    for (size_t i = 0; i < count;) {
      i += EmitAt(i);
    }
    c_.states[count].offset = Here();
    c_.tail_entry = survey_.functions[0].offset;
    if (entry_end_ == 0) {
      c_.entry = c_.tail_entry;
    }
    if (survey_.uses_callbacks) {
      c_.callback_entry = static_cast<uint32_t>(buffer_.size());
      masm_.CallbackStub();
    }
  }

  /// Emits the instruction at `i`, with those that are fused to it; how many.
  [[gnu::always_inline]] size_t EmitAt(size_t i) {
    InsnState& state = c_.states[i];
    if (state.is_function) {
      BeginFunction();
    }
    if (state.is_target) {
      masm_.AtTarget();
    }
    const uint32_t begin = Here();
    const uint32_t bound = c_.states[i + 1].offset - state.offset;
    state.offset = begin;
    if (state.skipped) {
      return 1;
    }
    const size_t emitted = EmitFused(i);
    // Of what is fused, the first instruction has all the code.
    grew_ |= mode_ == Mode::kMeasured && Here() - begin > bound;
    for (size_t k = 1; k < emitted; ++k) {
      c_.states[i + k].offset = Here();
    }
    return emitted;
  }

  void BeginFunction() {
    FunctionInfo& function = survey_.functions[function_count_++];
    function.offset = Here();
    function_ = &function;
    masm_.AtTarget();
    masm_.Prologue(function.frame);
  }

  [[gnu::always_inline]] void SetContext(size_t i) {
    const InsnState& state = c_.states[i];
    masm_.context.live_after = static_cast<uint16_t>(state.live_after);
    masm_.context.live_upper_after =
        static_cast<uint16_t>(state.live_upper_after);
    if (i < c_.facts.size() && c_.facts[i].no_zero_extension) {
      masm_.context.live_upper_after &=
          static_cast<uint16_t>(~(1u << c_.insns[i].dst));
    }
    if (i <= alias_end_) {
      // Of what an alias stands for, liveness does not know.
      masm_.context.live_after |= alias_live_;
      masm_.context.live_upper_after |= alias_live_;
    }
  }

  static unsigned BitOf(Reg reg) {
    return reg == machine::kNoReg ? 0 : 1u << reg;
  }

  const InsnFacts FactsAt(size_t i) const {
    return i < c_.facts.size() ? c_.facts[i] : InsnFacts{};
  }

  /// Where the next code is: below kMaxImageSize, or Run gives up.
  uint32_t Here() const {
    return static_cast<uint32_t>(buffer_.size()) & (kMaxImageSize - 1);
  }

  static Address OffsetFrom(Reg base, size_t offset) {
    return {base, machine::kNoReg, 0, static_cast<int32_t>(offset)};
  }

  // Jumps.

  /// How far it is at most to `offset`, from what is emitted now.
  int64_t Forward(uint32_t offset) const {
    return mode_ == Mode::kMeasured ? static_cast<int64_t>(offset) -
                                          static_cast<int64_t>(buffer_.size())
                                    : machine::kUnknownDistance;
  }

  /// ... from the instruction at `i` back to `offset`.
  int64_t Backward(uint32_t offset) const {
    // The code of the jump itself is between.
    constexpr int64_t kLongest = 20;
    return static_cast<int64_t>(offset) - static_cast<int64_t>(buffer_.size()) -
           kLongest;
  }
  int64_t JumpDistance(size_t i, uint32_t target) const {
    const uint32_t offset = c_.states[target].offset;
    if (target <= i) {
      return Backward(offset);
    }
    const int64_t ahead = static_cast<int64_t>(offset) -
                          static_cast<int64_t>(c_.states[i + 1].offset);
    switch (mode_) {
      case Mode::kAtOnce:
        return -ahead;
      case Mode::kMeasured:
        return ahead;
      default:
        return machine::kUnknownDistance;
    }
  }
  int64_t CallDistance(size_t i, const FunctionInfo& function) const {
    if (function.start <= i) {
      return Backward(function.offset);
    }
    return mode_ == Mode::kMeasured
               ? static_cast<int64_t>(function.offset) -
                     static_cast<int64_t>(c_.states[i + 1].offset)
               : machine::kUnknownDistance;
  }

  /// The code of `i` ends with a jump in `form`, to be completed.
  void Patched(size_t i, uint8_t form) {
    c_.states[i].form = form & 3;
    c_.states[i].patched = 1;
  }

  /// False: a form does not reach.
  bool PatchAll() {
    if (entry_end_ != 0) {
      Masm::Patch(c_.code, entry_end_, entry_form_,
                  static_cast<int64_t>(survey_.functions[0].offset) -
                      static_cast<int64_t>(entry_end_));
    }
    size_t function = 0;
    size_t trailing = 0;
    for (size_t i = 0; i < c_.insns.size(); ++i) {
      const InsnState& state = c_.states[i];
      if (state.is_function) {
        trailing = survey_.functions[function++].trailing_bytes;
      }
      if (!state.patched) {
        continue;
      }
      const Op op = static_cast<Op>(state.op);
      const uint32_t target = TargetOf(c_.insns[i], op, i);
      const bool to_function = op == Op::kCallSubprogram || op == Op::kLoadFunc;
      const uint32_t to = to_function ? survey_.At(target).offset
                                      : uint32_t{c_.states[target].offset};
      const size_t end =
          c_.states[i + 1].offset - (state.trails ? trailing : 0);
      const auto form = static_cast<uint8_t>(state.form);
      const int64_t distance =
          static_cast<int64_t>(to) - static_cast<int64_t>(end);
      if constexpr (Masm::kKnowsSizes) {
        if (!Masm::Reaches(form, distance)) {
          return false;
        }
      }
      Masm::Patch(c_.code, end, form, distance);
    }
    return true;
  }

  /// Jumps over code that the compiler makes itself.
  class LocalJumps {
   public:
    explicit LocalJumps(Compiler& compiler) : compiler_(compiler) {}

    void Branch(Operation condition, unsigned width, Reg lhs, Operand rhs) {
      EBPF_ASSERT(count_ < kMost);
      forms_[count_] = compiler_.masm_.Branch(condition, width, lhs, rhs,
                                              machine::kLocalDistance);
      ends_[count_++] = compiler_.buffer_.size();
    }
    /// All of them come here.
    void Bind() {
      compiler_.masm_.AtTarget();
      if (!compiler_.placed()) {
        return;
      }
      const size_t here = compiler_.buffer_.size();
      for (unsigned i = 0; i < count_; ++i) {
        Masm::Patch(compiler_.c_.code, ends_[i], forms_[i],
                    static_cast<int64_t>(here - ends_[i]));
      }
    }

   private:
    static constexpr unsigned kMost = 4;
    Compiler& compiler_;
    unsigned count_ = 0;
    size_t ends_[kMost] = {};
    uint8_t forms_[kMost] = {};
  };

  // One instruction, or several.

  [[gnu::always_inline]] size_t EmitFused(size_t i) {
    const OpTraits& traits = TraitsOf(static_cast<Op>(c_.states[i].op));
    if (traits.Has(OpTraits::kComputes) &&
        (c_.states[i].live_after >> c_.insns[i].dst & 1) == 0) {
      return 1;  // nobody reads what it computes
    }
    if (!traits.Has(OpTraits::kStarts) || c_.states[i].alone ||
        c_.options.blind_constants ||
        FactsAt(i).pointer == PointerKind::kProbed) {
      SetContext(i);
      EmitInsn(i);
      return 1;
    }
    const MacroOp& found = found_;
    if (!matcher_.Find(i, i >= alias_end_, found_)) {
      c_.states[i].alone = mode_ == Mode::kMeasure;
      SetContext(i);
      EmitInsn(i);
      return 1;
    }
    // What a conditional jump over another one leaves is read on both ways.
    SetContext(found.kind == Kind::kBranch ? i : i + found.count - 1);
    EmitMacroOp(i, found);
    return found.count;
  }

  void EmitMacroOp(size_t i, const MacroOp& found) {
    switch (found.kind) {
      case Kind::kAlu:
        masm_.Alu(found.op, found.width, found.dst, found.lhs, found.rhs);
        break;
      case Kind::kRotateLeft:
        masm_.RotateLeft(64, found.dst, found.lhs,
                         static_cast<unsigned>(found.imm));
        break;
      case Kind::kZeroExtend:
        masm_.ZeroExtend(found.bits, found.dst, found.lhs);
        break;
      case Kind::kSignExtend:
        masm_.SignExtend(found.bits, 64, found.dst, found.lhs);
        break;
      case Kind::kExtractBits:
        masm_.ExtractBits(found.dst, found.lhs,
                          static_cast<unsigned>(found.imm), found.bits);
        break;
      case Kind::kLoadAddress:
        masm_.LoadAddress(found.dst, found.address);
        break;
      case Kind::kAlias:
        alias_reg_ = found.dst;
        alias_address_ = found.address;
        alias_end_ = found.alias_end;
        alias_live_ = static_cast<uint16_t>(BitOf(found.address.base) |
                                            BitOf(found.address.index));
        break;
      case Kind::kStoreImm:
        masm_.Store(found.bits, Resolve(i, found.address), found.rhs);
        break;
      case Kind::kLoadSwapped:
        masm_.LoadSwapped(found.bits, found.dst, Resolve(i, found.address));
        break;
      case Kind::kAluShifted:
        if constexpr (Masm::kShiftedOperands) {
          masm_.AluShifted(found.op, 64, found.dst, found.lhs, found.rhs.reg,
                           found.shift, static_cast<unsigned>(found.imm));
        }
        break;
      case Kind::kMoveIf:
      case Kind::kMoveImmIf:
        if constexpr (Masm::kConditionalMove) {
          EmitMoveIf(i, found);
        }
        break;
      case Kind::kBranch: {
        const size_t last = i + 1;
        const uint32_t target = TargetOf(c_.insns[last], Op::kGoto, last);
        Patched(last, masm_.Branch(found.op, found.width, found.lhs, found.rhs,
                                   JumpDistance(last, target)));
        break;
      }
      default:
        if constexpr (Masm::kMemoryOperands) {
          EmitMemoryOp(i, found);
        }
        break;
    }
  }

  void EmitMoveIf(size_t i, const MacroOp& found) {
    Reg src = found.src;
    if (found.kind == Kind::kMoveImmIf) {
      masm_.MovImm(kT0, found.bits == 64 ? SignExtended(found.imm)
                                         : static_cast<uint32_t>(found.imm));
      src = kT0;
    }
    masm_.MoveIf(found.op, found.width, found.lhs, found.rhs, found.dst, src);
    if (found.jumps) {
      EmitGoto(i + found.count - 1, Op::kGoto);
    }
  }

  void EmitMemoryOp(size_t i, const MacroOp& found) {
    const Address address = Resolve(i, found.address);
    if (found.kind == Kind::kAluMemory) {
      masm_.AluMemory(found.op, found.width, found.dst, address);
    } else {
      masm_.MemoryAlu(found.op, found.width, address, found.rhs);
    }
  }

  /// `address`, whose base may stand for another one at `i`.
  Address Resolve(size_t i, const Address& address) const {
    if (address.base != alias_reg_ || i > alias_end_) {
      return address;
    }
    Address resolved = alias_address_;
    resolved.offset += address.offset;
    return resolved;
  }
  Address AddressAt(size_t i, Reg base) const {
    return Resolve(i, {base, machine::kNoReg, 0, int32_t{c_.insns[i].offset}});
  }

  [[gnu::always_inline]] void EmitInsn(size_t i) {
    const isa::Insn& insn = c_.insns[i];
    const Op op = static_cast<Op>(c_.states[i].op);
    const OpTraits& info = TraitsOf(op);
    switch (info.family) {
      case Family::kAlu:
        EmitAlu(i, insn, info);
        break;
      case Family::kNegate:
        masm_.Negate(info.width, insn.dst, insn.dst);
        break;
      case Family::kByteSwap:
        // Programs are little-endian, as the CPUs are.
        if (info.operation == Operation::kToLe) {
          if (info.width < 64) {
            masm_.ZeroExtend(info.width, insn.dst, insn.dst);
          }
        } else {
          masm_.ByteSwap(info.width, insn.dst, insn.dst);
        }
        break;
      case Family::kLoad:
        EmitLoad(i, insn, info);
        break;
      case Family::kStore:
        EmitStore(i, insn, info);
        break;
      case Family::kAtomic:
        masm_.Atomic(info.operation, info.width, AddressAt(i, insn.dst),
                     insn.src);
        break;
      case Family::kAtomicFetch:
        masm_.AtomicFetch(info.operation, info.width, AddressAt(i, insn.dst),
                          insn.src);
        break;
      case Family::kAtomicExchange:
        if (info.operation == Operation::kXchg) {
          masm_.AtomicFetch(Operation::kXchg, info.width,
                            AddressAt(i, insn.dst), insn.src);
        } else {
          masm_.CompareExchange(info.width, AddressAt(i, insn.dst), insn.src);
        }
        break;
      case Family::kLoadAcquire:
        masm_.LoadAcquire(info.width, insn.dst, AddressAt(i, insn.src));
        break;
      case Family::kStoreRelease:
        masm_.StoreRelease(info.width, AddressAt(i, insn.dst), insn.src);
        break;
      case Family::kJump:
        EmitBranch(i, insn, info);
        break;
      case Family::kLoadImm64:
        EmitLoadImm64(i, insn, op);
        break;
      default:
        EmitControl(i, insn, op);
        break;
    }
  }

  // Constants.

  /// `imm` as an operand, or in a register if constants are hidden.
  Operand Constant(int32_t imm) {
    if (!c_.options.blind_constants) {
      return Operand::Imm(imm);
    }
    const auto key = static_cast<int32_t>(random_.Next());
    masm_.MovImm(kT0, SignExtended(imm ^ key));
    masm_.Alu(Operation::kXor, 64, kT0, kT0, Operand::Imm(key));
    return Operand::Of(kT0);
  }

  void LoadConstant(Reg dst, uint64_t value) {
    if (!c_.options.blind_constants) {
      masm_.MovImm(dst, value);
      return;
    }
    const uint64_t key = random_.Next();
    masm_.MovImm(dst, value ^ key);
    masm_.MovImm(kT0, key);
    masm_.Alu(Operation::kXor, 64, dst, dst, Operand::Of(kT0));
  }

  static uint64_t SignExtended(int32_t imm) {
    return static_cast<uint64_t>(int64_t{imm});
  }

  // Arithmetic.

  [[gnu::always_inline]] void EmitAlu(size_t i, const isa::Insn& insn,
                                      const OpTraits& info) {
    const unsigned width = info.width;
    const bool from_register = info.Has(OpTraits::kSourceIsReg);
    switch (info.operation) {
      case Operation::kMov:
        if (from_register) {
          masm_.Mov(width, insn.dst, insn.src);
        } else {
          LoadConstant(insn.dst, width == 64 ? SignExtended(insn.imm)
                                             : static_cast<uint32_t>(insn.imm));
        }
        return;
      case Operation::kMovSx8:
        masm_.SignExtend(8, width, insn.dst, insn.src);
        return;
      case Operation::kMovSx16:
        masm_.SignExtend(16, width, insn.dst, insn.src);
        return;
      case Operation::kMovSx32:
        masm_.SignExtend(32, width, insn.dst, insn.src);
        return;
      case Operation::kDiv:
      case Operation::kSDiv:
      case Operation::kMod:
      case Operation::kSMod:
        EmitDivide(i, insn, info);
        return;
      default:
        break;
    }
    masm_.Alu(info.operation, width, insn.dst, insn.dst,
              AluOperand(insn, info));
  }

  Operand AluOperand(const isa::Insn& insn, const OpTraits& info) {
    if (info.Has(OpTraits::kSourceIsReg)) {
      return Operand::Of(insn.src);
    }
    const bool shifts = info.operation == Operation::kLsh ||
                        info.operation == Operation::kRsh ||
                        info.operation == Operation::kArsh;
    // A count of a shift is of no use to an attacker.
    return shifts ? Operand::Imm(insn.imm & (info.width - 1))
                  : Constant(insn.imm);
  }

  void EmitDivide(size_t i, const isa::Insn& insn, const OpTraits& info) {
    const unsigned width = info.width;
    if (info.Has(OpTraits::kSourceIsReg)) {
      masm_.Divide(info.operation, width, insn.dst, insn.dst, insn.src,
                   FactsAt(i).divisor_non_zero);
      return;
    }
    const bool is_signed = info.operation == Operation::kSDiv ||
                           info.operation == Operation::kSMod;
    if (!is_signed && !c_.options.blind_constants &&
        DivideByConstant(insn, width, info.operation == Operation::kMod)) {
      return;
    }
    LoadConstant(kT1, width == 64 ? SignExtended(insn.imm)
                                  : static_cast<uint32_t>(insn.imm));
    masm_.Divide(info.operation, width, insn.dst, insn.dst, kT1, insn.imm != 0);
  }

  /// False: nothing was emitted.
  bool DivideByConstant(const isa::Insn& insn, unsigned width, bool modulo) {
    if (insn.imm <= 0) {
      return false;  // huge, or 0
    }
    const auto divisor = static_cast<uint32_t>(insn.imm);
    const Reg dst = insn.dst;
    if ((divisor & (divisor - 1)) == 0) {
      unsigned shift = 0;
      while (divisor >> shift != 1) {
        ++shift;
      }
      const auto count = static_cast<int32_t>(shift);
      if (modulo) {
        masm_.Alu(Operation::kAnd, width, dst, dst, Operand::Imm(insn.imm - 1));
      } else if (shift == 0) {
        masm_.Mov(width, dst, dst);
      } else {
        masm_.Alu(Operation::kRsh, width, dst, dst, Operand::Imm(count));
      }
      return true;
    }
    if (width == 32) {
      Divide32(dst, divisor, modulo);
    } else {
      Divide64(dst, divisor, modulo);
    }
    return true;
  }

  void Divide32(Reg dst, uint32_t divisor, bool modulo) {
    const auto live = masm_.context.live_upper_after;
    masm_.context.live_upper_after = 0xffff;
    masm_.MovImm(kT1, Reciprocal32(divisor));
    masm_.ZeroExtend(32, kT0, dst);
    masm_.MultiplyHigh(modulo ? kT1 : dst, kT0, kT1);
    if (modulo) {
      masm_.Alu(Operation::kMul, 32, kT1, kT1,
                Operand::Imm(static_cast<int32_t>(divisor)));
      masm_.context.live_upper_after = live;
      masm_.Alu(Operation::kSub, 32, dst, kT0, Operand::Of(kT1));
    }
  }

  void Divide64(Reg dst, uint32_t divisor, bool modulo) {
    const Reciprocal reciprocal = ReciprocalOf(divisor);
    masm_.MovImm(kT0, reciprocal.multiplier);
    masm_.MultiplyHigh(kT0, dst, kT0);
    unsigned shift = reciprocal.shift;
    if (reciprocal.adds) {
      masm_.Alu(Operation::kSub, 64, kT1, dst, Operand::Of(kT0));
      masm_.Alu(Operation::kRsh, 64, kT1, kT1, Operand::Imm(1));
      masm_.Alu(Operation::kAdd, 64, kT0, kT0, Operand::Of(kT1));
      --shift;
    }
    const auto count = Operand::Imm(static_cast<int32_t>(shift));
    if (!modulo) {
      if (shift == 0) {
        masm_.Mov(64, dst, kT0);
      } else {
        masm_.Alu(Operation::kRsh, 64, dst, kT0, count);
      }
      return;
    }
    if (shift != 0) {
      masm_.Alu(Operation::kRsh, 64, kT0, kT0, count);
    }
    masm_.Alu(Operation::kMul, 64, kT0, kT0,
              Operand::Imm(static_cast<int32_t>(divisor)));
    masm_.Alu(Operation::kSub, 64, dst, dst, Operand::Of(kT0));
  }

  // Memory.

  void EmitLoad(size_t i, const isa::Insn& insn, const OpTraits& info) {
    const bool sign = info.Has(OpTraits::kSignExtends);
    const Address address = AddressAt(i, insn.src);
    if (FactsAt(i).pointer == PointerKind::kProbed) [[unlikely]] {
      EmitProbedLoad(insn, info.width, sign, address);
    } else {
      masm_.Load(info.width, sign, insn.dst, address);
    }
  }

  /// 0, if the address is outside of what may be tried, or if it faults there.
  void EmitProbedLoad(const isa::Insn& insn, unsigned bits, bool sign,
                      const Address& address) {
    const Reg dst = insn.dst;
    ComputeAddress(kT0, address);
    masm_.MovImm(dst, 0);
    LocalJumps done(*this);
    LocalJumps loads(*this);
    const size_t count = c_.options.nofault_range_count;
    for (size_t k = 0; k < count; ++k) {
      const auto& range = c_.options.nofault_ranges[k];
      masm_.MovImm(kT1, range.first);
      done.Branch(Operation::kLt, 64, kT0, Operand::Of(kT1));
      if (range.last == UINT64_MAX) {
        break;
      }
      masm_.MovImm(kT1, range.last - (bits / 8 - 1));
      if (k + 1 == count) {
        done.Branch(Operation::kGt, 64, kT0, Operand::Of(kT1));
      } else {
        loads.Branch(Operation::kLe, 64, kT0, Operand::Of(kT1));
      }
    }
    loads.Bind();
    const size_t begin = buffer_.size();
    masm_.Load(bits, sign, dst, {kT0, machine::kNoReg, 0, 0});
    if (exception_count_ < c_.exceptions.size()) {
      c_.exceptions[exception_count_++] = {
          static_cast<uint32_t>(begin), static_cast<uint32_t>(buffer_.size()),
          static_cast<uint8_t>(dst)};
    }
    // A fault leads here, with 0 in dst.
    done.Bind();
  }

  /// dst = address, in a register that it is not made of.
  void ComputeAddress(Reg dst, const Address& address) {
    const auto offset = Operand::Imm(address.offset);
    if (address.index == machine::kNoReg) {
      masm_.Alu(Operation::kAdd, 64, dst, address.base, offset);
      return;
    }
    masm_.Alu(Operation::kLsh, 64, dst, address.index,
              Operand::Imm(address.scale));
    masm_.Alu(Operation::kAdd, 64, dst, dst, Operand::Of(address.base));
    masm_.Alu(Operation::kAdd, 64, dst, dst, offset);
  }

  void EmitStore(size_t i, const isa::Insn& insn, const OpTraits& info) {
    const Operand value = info.Has(OpTraits::kSourceIsReg)
                              ? Operand::Of(insn.src)
                              : Constant(insn.imm);
    masm_.Store(info.width, AddressAt(i, insn.dst), value);
  }

  void EmitLoadImm64(size_t i, const isa::Insn& insn, Op op) {
    if (op == Op::kLoadFunc) {
      const FunctionInfo& function = survey_.At(TargetOf(insn, op, i));
      Patched(i,
              masm_.LoadFunctionAddress(insn.dst, CallDistance(i, function)));
      return;
    }
    const uint64_t value =
        static_cast<uint32_t>(insn.imm) |
        static_cast<uint64_t>(static_cast<uint32_t>(c_.insns[i + 1].imm)) << 32;
    LoadConstant(insn.dst, value);
  }

  // Control flow.

  void EmitBranch(size_t i, const isa::Insn& insn, const OpTraits& info) {
    const uint32_t target =
        static_cast<uint32_t>(static_cast<int64_t>(i) + 1 + insn.offset);
    const Operand rhs = info.Has(OpTraits::kSourceIsReg) ? Operand::Of(insn.src)
                                                         : Constant(insn.imm);
    Patched(i, masm_.Branch(info.operation, info.width, insn.dst, rhs,
                            JumpDistance(i, target)));
  }

  void EmitControl(size_t i, const isa::Insn& insn, Op op) {
    switch (op) {
      case Op::kGoto:
      case Op::kGotoLong:
        EmitGoto(i, op);
        break;
      case Op::kCallHelper:
        EmitHelperCall(insn);
        break;
      case Op::kCallDirect:
        CallC(reinterpret_cast<uint64_t>(
            c_.direct_calls[static_cast<uint32_t>(insn.imm)]));
        break;
      case Op::kCallSubprogram:
        EmitCall(i, insn);
        break;
      case Op::kExit:
        masm_.Epilogue(function_->frame);
        if (entry_end_ == 0 && function_ == &survey_.functions[0]) {
          masm_.MoveResult();
        }
        masm_.Return();
        break;
      case Op::kLoadRun:
        masm_.Load(64, false, insn.dst, {kR10, machine::kNoReg, 0, 0});
        break;
      case Op::kMayGoto:
        EmitMayGoto(i, insn);
        break;
      case Op::kTailCall:
        EmitTailCall();
        break;
      default:
        break;  // Analyze refuses what else there is
    }
  }

  void EmitGoto(size_t i, Op op) {
    const uint32_t target = TargetOf(c_.insns[i], op, i);
    if (target != i + 1) {
      Patched(i, masm_.Jump(JumpDistance(i, target)));
    }
  }

  void CallC(uint64_t function) {
    masm_.CallHelper(function, placed() ? c_.address + buffer_.size() : 0);
  }

  int32_t FrameBytes() const {
    return static_cast<int32_t>(function_->stack_bytes + kFrameLinkBytes);
  }

  void EmitHelperCall(const isa::Insn& insn) {
    const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
    bool calls_back = false;
    for (const ArgKind kind : helper->args) {
      calls_back |= kind == ArgKind::kCallback;
    }
    if (calls_back) {
      // Where the stack of what is called back begins.
      masm_.Load(64, false, kT0, {kR10, machine::kNoReg, 0, 0});
      masm_.Alu(Operation::kAdd, 64, kT1, kR10, Operand::Imm(-FrameBytes()));
      masm_.Store(64, {kT1, machine::kNoReg, 0, 0}, Operand::Of(kT0));
      masm_.Store(
          64,
          {kT0, machine::kNoReg, 0, int32_t{offsetof(RunContext, stack_below)}},
          Operand::Of(kT1));
    }
    CallC(reinterpret_cast<uint64_t>(helper->function));
  }

  void EmitCall(size_t i, const isa::Insn& insn) {
    const FunctionInfo& callee =
        survey_.At(TargetOf(insn, Op::kCallSubprogram, i));
    const bool needs_stack = survey_.uses_run || callee.uses_stack ||
                             (callee.frame.calls && survey_.uses_stack);
    if (needs_stack) {
      const Address link = {kR10, machine::kNoReg, 0, 0};
      if (survey_.uses_run) {
        masm_.Load(64, false, kT0, link);
      }
      masm_.Alu(Operation::kAdd, 64, kR10, kR10, Operand::Imm(-FrameBytes()));
      if (survey_.uses_run) {
        masm_.Store(64, link, Operand::Of(kT0));
      }
    }
    Patched(i, masm_.CallFunction(CallDistance(i, callee)));
    masm_.AtTarget();
    if (needs_stack) {
      const size_t end = buffer_.size();
      masm_.Alu(Operation::kAdd, 64, kR10, kR10, Operand::Imm(FrameBytes()));
      function_->trailing_bytes = static_cast<uint8_t>(buffer_.size() - end);
      c_.states[i].trails = 1;
    }
  }

  /// *(u64 *)(r10 + imm) counts down; at 0, jump.
  void EmitMayGoto(size_t i, const isa::Insn& insn) {
    const Address counter = {kR10, machine::kNoReg, 0, insn.imm};
    masm_.Load(64, false, kT0, counter);
    LocalJumps done(*this);
    done.Branch(Operation::kEq, 64, kT0, Operand::Imm(0));
    masm_.Alu(Operation::kAdd, 64, kT1, kT0, Operand::Imm(-1));
    masm_.Store(64, counter, Operand::Of(kT1));
    done.Bind();
    const uint32_t target = TargetOf(insn, Op::kMayGoto, i);
    Patched(i, masm_.Branch(Operation::kEq, 64, kT0, Operand::Imm(0),
                            JumpDistance(i, target)));
  }

  /// r1 = context, r2 = the array, r3 = index. As the interpreter does it:
  /// on to what is behind where there is no such program, or too many were
  /// called; r0 and r2..r5 are lost then.
  void EmitTailCall() {
    constexpr Reg kMapReg = 2;
    constexpr Reg kIndexReg = 3;
    constexpr Reg kScratch = 4;
    const auto in_run = [](size_t offset) { return OffsetFrom(kT0, offset); };
    masm_.context = {};
    LocalJumps fails(*this);
    masm_.Load(64, false, kT0, {kR10, machine::kNoReg, 0, 0});
    masm_.ZeroExtend(32, kIndexReg, kIndexReg);
    masm_.Load(32, false, kScratch,
               OffsetFrom(kMapReg, ProgArrayMap::kCountOffset));
    fails.Branch(Operation::kGe, 64, kIndexReg, Operand::Of(kScratch));
    masm_.Load(32, false, kScratch, in_run(offsetof(RunContext, tail_calls)));
    fails.Branch(Operation::kGe, 64, kScratch,
                 Operand::Imm(int32_t{kMaxTailCalls}));
    if (function_->depth != 0) {
      masm_.Load(32, false, kT1, in_run(offsetof(RunContext, frames_left)));
      fails.Branch(Operation::kGt, 64, kT1,
                   Operand::Imm(static_cast<int32_t>(kMaxFramesLeft) -
                                function_->depth));
    }
    masm_.Alu(Operation::kLsh, 64, kIndexReg, kIndexReg, Operand::Imm(3));
    masm_.Load(64, false, kMapReg,
               OffsetFrom(kMapReg, ProgArrayMap::kEntriesOffset));
    masm_.Alu(Operation::kAdd, 64, kMapReg, kMapReg, Operand::Of(kIndexReg));
    masm_.Load(64, false, kMapReg, OffsetFrom(kMapReg, 0));
    fails.Branch(Operation::kEq, 64, kMapReg, Operand::Imm(0));
    masm_.Alu(Operation::kAdd, 64, kScratch, kScratch, Operand::Imm(1));
    masm_.Store(32, in_run(offsetof(RunContext, tail_calls)),
                Operand::Of(kScratch));
    if (function_->depth != 0) {
      masm_.Alu(Operation::kAdd, 64, kT1, kT1, Operand::Imm(function_->depth));
      masm_.Store(32, in_run(offsetof(RunContext, frames_left)),
                  Operand::Of(kT1));
    }
    masm_.Load(64, false, kScratch,
               OffsetFrom(kMapReg, offsetof(TailCallTarget, program)));
    masm_.Store(64, in_run(offsetof(RunContext, program)),
                Operand::Of(kScratch));
    masm_.Load(64, false, kT1,
               OffsetFrom(kMapReg, offsetof(TailCallTarget, entry)));
    masm_.Epilogue(function_->frame);
    masm_.JumpTo(kT1);
    fails.Bind();
  }

  Compilation& c_;
  Survey& survey_;
  machine::CodeBuffer buffer_;
  Masm masm_;
  const Capabilities has_;
  Matcher matcher_;
  MacroOp found_;
  RandomStream random_{0};

  Mode mode_ = Mode::kMeasure;
  bool grew_ = false;  // the second pass made more code than the first
  size_t entry_end_ = 0;
  uint8_t entry_form_ = 0;
  size_t function_count_ = 0;
  FunctionInfo* function_ = nullptr;
  size_t exception_count_ = 0;

  Reg alias_reg_ = machine::kNoReg;
  Address alias_address_;
  size_t alias_end_ = 0;
  uint16_t alias_live_ = 0;  // the registers in alias_address_
};

/// MachineOps::compile for the CPU of `Masm`.
template <machine::MacroAssemblerFor Masm>
Status Compile(Compilation& compilation) {
  Survey survey;
  Status status = Begin(compilation, survey, Compiler<Masm>::Bounds());
  if (IsOk(status)) {
    status = Compiler<Masm>(compilation, survey).Run();
  }
  return End(compilation, survey, status);
}

}  // namespace ebpf::jit
