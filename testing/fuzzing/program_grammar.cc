// SPDX-License-Identifier: MIT
//
// One function for each kind of statement.
#include "testing/fuzzing/program_grammar.h"

#include <algorithm>
#include <array>
#include <random>

namespace ebpf::fuzzing {
namespace {

using namespace verifier;  // NOLINT: a program of its instructions

/// What the generator believes that a register holds.
enum class Kind : uint8_t {
  kNothing,
  kNumber,
  kSmall,  // a number below 16
  kContext,
  kStack,    // fp
  kValue16,  // a map value of 16 bytes, checked; 48; 8
  kValue48,
  kRecord,  // a ring record of 16 bytes
};

struct Known {
  std::array<Kind, 11> regs{};
  std::array<bool, 64> slots{};  // written, by 8 bytes below fp
};

constexpr AluCode kAluCodes[] = {kAdd, kSub, kMul, kDiv, kOr,   kAnd,
                                 kLsh, kRsh, kMod, kXor, kArsh, kMov};
constexpr JumpCode kJumpCodes[] = {kJeq,  kJgt, kJge, kJset, kJne, kJsgt,
                                   kJsge, kJlt, kJle, kJslt, kJsle};
constexpr Size kSizes[] = {kB, kH, kW, kDW};
constexpr int kSizeBytes[] = {1, 2, 4, 8};

class Grammar {
 public:
  explicit Grammar(ByteSource& source) : source_(source) {
    known_.regs[R1] = Kind::kContext;
    known_.regs[R10] = Kind::kStack;
  }

  Code Program() {
    Emit(MovReg(R9, R1));
    known_.regs[R9] = Kind::kContext;
    Load64(R6, 0);
    Load64(R7, 8);
    Block(4 + source_.Below(40), 0);
    Emit(MovImm(R0, 0));
    if (source_.OneIn(4) && IsNumber(R7)) {
      Emit(MovReg(R0, R7));
    }
    Emit(Exit());
    AppendFunctions();
    AppendCallbacks();
    return code_;
  }

 private:
  void Emit(const isa::Insn& insn) { code_.push_back(insn); }
  void Emit(const Code& code) {
    code_.insert(code_.end(), code.begin(), code.end());
  }

  void Load64(Reg reg, int offset) {
    if (known_.regs[R9] == Kind::kContext) {
      Emit(Load(kDW, reg, R9, offset));
    } else {
      Emit(MovImm(reg, Immediate()));
    }
    known_.regs[reg] = Kind::kNumber;
  }

  bool IsNumber(Reg reg) const {
    return known_.regs[reg] == Kind::kNumber ||
           known_.regs[reg] == Kind::kSmall;
  }
  /// One of r0..r8 that the generator may write.
  Reg Writable() { return static_cast<Reg>(source_.Below(9)); }
  /// A register of that kind, or, rarely, any; R10 if there is none.
  template <typename Predicate>
  Reg Pick(Predicate fits) {
    if (source_.OneIn(200)) {
      return static_cast<Reg>(source_.Below(11));
    }
    const unsigned first = source_.Below(10);
    for (unsigned i = 0; i < 10; ++i) {
      const Reg reg = static_cast<Reg>((first + i) % 10);
      if (fits(known_.regs[reg])) {
        return reg;
      }
    }
    return R10;
  }
  Reg Number() {
    const Reg reg = Pick([](Kind kind) {
      return kind == Kind::kNumber || kind == Kind::kSmall;
    });
    if (reg != R10) {
      return reg;
    }
    Load64(R7, 8 * static_cast<int>(source_.Below(21)));
    return R7;
  }

  int32_t Immediate() {
    switch (source_.Below(4)) {
      case 0:
        return static_cast<int32_t>(source_.Below(32)) - 8;
      case 1:
        return static_cast<int32_t>(1u << source_.Below(32));
      case 2:
        return static_cast<int32_t>((1u << source_.Below(32)) - 1);
      default:
        return static_cast<int32_t>(source_.Word());
    }
  }

  void Block(unsigned statements, unsigned depth) {
    for (unsigned i = 0;
         i < statements && !source_.empty() && code_.size() < 600; ++i) {
      Statement(depth);
    }
  }

  void Statement(unsigned depth) {
    switch (source_.Below(37)) {
      case 32:
        return CallbackLoop();
      case 33:
        return Walk();
      case 34:
        return TimedLoop(depth);
      case 35:
        return source_.OneIn(2) ? TailCall() : Ordered();
      case 36:
        return PerCpu();
      case 0:
        return Constant();
      case 1:
      case 2:
      case 3:
      case 4:
        return Arithmetic();
      case 5:
      case 6:
        return Bound();
      case 7:
        return Load64(Writable(), 8 * static_cast<int>(source_.Below(21)));
      case 8:
      case 9:
        return StoreToStack();
      case 10:
      case 11:
        return LoadFromStack();
      case 12:
        return VariableStack();
      case 13:
        return source_.OneIn(3) ? LookupTwo() : LookupValue();
      case 14:
        return LookupValue();
      case 15:
      case 16:
        return AccessValue();
      case 17:
      case 18:
      case 19:
        return IndexValue();
      case 20:
      case 21:
      case 22:
        return Branch(depth);
      case 23:
        return Loop(depth);
      case 24:
        return HelperCall();
      case 25:
        return Record(depth);
      case 26:
        return AtomicOperation();
      case 27:
        return FunctionCall();
      case 28:
        return Copy();
      case 29:
        return Unary();
      case 30:
        return MovePointer();
      default:
        return Anything();
    }
  }

  void Constant() {
    const Reg reg = Writable();
    if (source_.OneIn(3)) {
      Emit(LoadImm64(reg, source_.Word()));
    } else if (source_.OneIn(2)) {
      Emit(Mov32Imm(reg, Immediate()));
    } else {
      Emit(MovImm(reg, Immediate()));
    }
    known_.regs[reg] = Kind::kNumber;
  }

  void Arithmetic() {
    const Reg dst = Number();
    const AluCode code = kAluCodes[source_.Below(12)];
    const bool wide = source_.OneIn(2);
    const bool divides = code == kDiv || code == kMod;
    const int is_signed = divides && source_.OneIn(3) ? 1 : 0;
    if (dst == R10) {
      return;
    }
    if (source_.OneIn(2)) {
      const Reg src = Number();
      const int widths[] = {0, 8, 16, wide ? 32 : 16};
      const int offset = code == kMov ? widths[source_.Below(4)] : is_signed;
      Emit(wide ? AluReg(code, dst, src, offset)
                : Alu32Reg(code, dst, src, offset));
    } else {
      int32_t imm = Immediate();
      if (code == kLsh || code == kRsh || code == kArsh) {
        imm = static_cast<int32_t>(source_.Below(wide ? 64 : 32));
      } else if (divides && imm == 0) {
        imm = 3;
      }
      Emit(wide ? AluImm(code, dst, imm, is_signed)
                : Alu32Imm(code, dst, imm, is_signed));
    }
    known_.regs[dst] = Kind::kNumber;
  }

  /// Makes a number small, by one of many ways.
  void Bound() {
    const Reg reg = Number();
    if (reg == R10) {
      return;
    }
    const int limit = 16;
    switch (source_.Below(7)) {
      case 0:
        Emit(AluImm(kAnd, reg, limit - 1));
        break;
      case 1:
        Emit(AluImm(kRsh, reg, 60));
        break;
      case 2:
        Emit(Alu32Imm(kRsh, reg, 28));
        break;
      case 3:
        Emit(JumpImm(kJlt, reg, limit, 2));
        Emit(Return0());
        break;
      case 4:
        Emit(JumpImm(kJsgt, reg, limit - 1, 1));
        Emit(JumpImm(kJsge, reg, 0, 2));
        Emit(Return0());
        break;
      case 5:
        Emit(Mov32Reg(reg, reg));
        Emit(Jump32Imm(kJle, reg, limit - 1, 2));
        Emit(Return0());
        break;
      default:
        Emit(AluImm(kLsh, reg, 32));
        Emit(AluImm(kArsh, reg, 32));
        Emit(AluImm(kAnd, reg, limit - 1));
    }
    known_.regs[reg] = Kind::kSmall;
  }

  /// Offset of a slot from fp; mostly among the first few.
  int SlotOffset() {
    return -8 *
           (1 + static_cast<int>(source_.Below(source_.OneIn(40) ? 66 : 6)));
  }
  static size_t SlotIndex(int offset) {
    return static_cast<size_t>(-offset / 8 - 1);
  }

  void StoreToStack() {
    const int offset = SlotOffset();
    const unsigned size = source_.OneIn(3) ? source_.Below(4) : 3;
    const int within = static_cast<int>(source_.Below(8)) / kSizeBytes[size] *
                       kSizeBytes[size];
    if (source_.OneIn(3)) {
      Emit(StoreImm(kSizes[size], R10, offset + within, Immediate()));
    } else {
      const Reg reg = size == 3 ? Pick([](Kind kind) {
        return kind != Kind::kNothing && kind != Kind::kRecord;
      })
                                : Number();
      Emit(Store(kSizes[size], R10, offset + within, reg));
    }
    const size_t index = SlotIndex(offset);
    if (size == 3 && index < known_.slots.size()) {
      known_.slots[index] = true;
    }
  }

  void LoadFromStack() {
    int offset = SlotOffset();
    for (int i = 0; i < 6; ++i) {
      const size_t index = SlotIndex(offset);
      if (index < known_.slots.size() && known_.slots[index]) {
        break;
      }
      offset = -8 * (1 + i);
    }
    const size_t index = SlotIndex(offset);
    if (index >= known_.slots.size() ||
        (!known_.slots[index] && !source_.OneIn(16))) {
      return StoreToStack();
    }
    const unsigned size = source_.OneIn(4) ? source_.Below(4) : 3;
    const int within = static_cast<int>(source_.Below(8)) / kSizeBytes[size] *
                       kSizeBytes[size];
    const Reg reg = Writable();
    if (size != 3 && source_.OneIn(3)) {
      Emit(LoadSigned(kSizes[size], reg, R10, offset + within));
    } else {
      Emit(Load(kSizes[size], reg, R10, offset + within));
    }
    // May be a pointer again; then what follows may not fit.
    known_.regs[reg] = Kind::kNumber;
  }

  /// fp - 32 + a small number, for all of which the stack is written first.
  void VariableStack() {
    const Reg index = Pick([](Kind kind) { return kind == Kind::kSmall; });
    const Reg pointer = Writable();
    if (index == R10 || index == pointer) {
      return Bound();
    }
    if (!source_.OneIn(12)) {
      for (int i = 1; i <= 4; ++i) {
        Emit(StoreImm(kDW, R10, -8 * i, Immediate()));
        known_.slots[SlotIndex(-8 * i)] = true;
      }
    }
    Emit(MovReg(pointer, R10));
    Emit(AluImm(kAdd, pointer,
                source_.OneIn(8) ? Immediate() % 64
                                 : -16 - static_cast<int>(source_.Below(17))));
    Emit(AluReg(kAdd, pointer, index));
    known_.regs[pointer] = Kind::kNothing;
    if (source_.OneIn(2)) {
      Emit(StoreImm(kB, pointer, 0, Immediate()));
    } else {
      const Reg value = Writable();
      Emit(Load(kB, value, pointer, 0));
      known_.regs[value] = Kind::kNumber;
    }
  }

  void CallerSavedGone() {
    for (unsigned i = 0; i < 6; ++i) {
      known_.regs[i] = Kind::kNothing;
    }
  }

  void LookupValue() {
    const bool is_hash = source_.OneIn(2);
    Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(3))));
    known_.slots[0] = true;
    Emit(Join({MovReg(R2, R10), AluImm(kAdd, R2, -8),
               LoadMap(R1, is_hash ? kHash : kArray), Call(kMapLookup)}));
    CallerSavedGone();
    if (!source_.OneIn(24)) {
      Emit(JumpImm(kJne, R0, 0, 2));
      Emit(Return0());
    }
    const Reg reg = static_cast<Reg>(R6 + source_.Below(3));
    if (source_.OneIn(2)) {
      Emit(MovReg(reg, R0));
      known_.regs[reg] = is_hash ? Kind::kValue48 : Kind::kValue16;
    }
    known_.regs[R0] = is_hash ? Kind::kValue48 : Kind::kValue16;
  }

  /// Two values of the hash, of which both, or only the second, are checked.
  void LookupTwo() {
    for (const Reg reg : {R6, R7}) {
      Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(4))));
      Emit(Join({MovReg(R2, R10), AluImm(kAdd, R2, -8), LoadMap(R1, kHash),
                 Call(kMapLookup), MovReg(reg, R0)}));
    }
    known_.slots[0] = true;
    CallerSavedGone();
    known_.regs[R6] = known_.regs[R7] = Kind::kNothing;
    Emit(JumpImm(kJne, R7, 0, 2));
    Emit(Return0());
    known_.regs[R7] = Kind::kValue48;
    if (!source_.OneIn(6)) {
      Emit(JumpImm(kJne, R6, 0, 2));
      Emit(Return0());
    }
    known_.regs[R6] = Kind::kValue48;
    AccessAt(R6, static_cast<int>(source_.Below(40)), source_.Below(4));
  }

  /// A register with a map value, the size of it in `size`.
  Reg Value(int& size) {
    const Reg reg = Pick([](Kind kind) {
      return kind == Kind::kValue16 || kind == Kind::kValue48 ||
             kind == Kind::kRecord;
    });
    if (reg != R10) {
      size = known_.regs[reg] == Kind::kValue48 ? 48 : 16;
      return reg;
    }
    Emit(LoadMapValue(R8, source_.OneIn(60) ? kReadOnly : kArray));
    known_.regs[R8] = Kind::kValue16;
    size = 16;
    return R8;
  }

  void AccessAt(Reg pointer, int offset, unsigned size) {
    switch (source_.Below(3)) {
      case 0: {
        const Reg reg = Writable();
        if (reg == pointer) {
          return Emit(StoreImm(kSizes[size], pointer, offset, Immediate()));
        }
        Emit(size != 3 && source_.OneIn(3)
                 ? LoadSigned(kSizes[size], reg, pointer, offset)
                 : Load(kSizes[size], reg, pointer, offset));
        known_.regs[reg] = Kind::kNumber;
        return;
      }
      case 1:
        return Emit(StoreImm(kSizes[size], pointer, offset, Immediate()));
      default:
        return Emit(Store(kSizes[size], pointer, offset, Number()));
    }
  }

  void AccessValue() {
    int bytes = 0;
    const Reg reg = Value(bytes);
    const unsigned size = source_.Below(4);
    const int slack = bytes - kSizeBytes[size];
    // Mostly inside; sometimes at the edge, or a byte beyond it.
    const int offset = source_.OneIn(16)
                           ? slack + static_cast<int>(source_.Below(3)) - 1
                           : static_cast<int>(source_.Below(slack + 1u));
    AccessAt(reg, offset, size);
  }

  void IndexValue() {
    int bytes = 0;
    const Reg base = Value(bytes);
    const Reg number = Number();
    const Reg pointer = static_cast<Reg>(R2 + source_.Below(4));
    if (base == number || base == pointer || number == R10) {
      return;
    }
    const int mask = (1 << source_.Below(5)) - 1;
    const unsigned size = source_.Below(4);
    const int slack = bytes - kSizeBytes[size] - mask;
    const int offset = source_.OneIn(48) || slack < 0
                           ? slack + static_cast<int>(source_.Below(3)) - 1
                           : static_cast<int>(source_.Below(slack + 1u));
    // The number or a copy of it, so that what is learnt is learnt of both.
    const Reg index = source_.OneIn(2) ? number : pointer;
    if (index == pointer) {
      Emit(MovReg(pointer, number));
    }
    if (source_.OneIn(2)) {
      Emit(AluImm(kAnd, index, mask));
    } else {
      Emit(source_.OneIn(2) ? JumpImm(kJle, index, mask, 2)
                            : JumpImm(kJlt, index, mask + 1, 2));
      Emit(Return0());
    }
    if (index == pointer) {
      Emit(AluReg(kAdd, pointer, base));
    } else {
      Emit(MovReg(pointer, base));
      Emit(AluReg(kAdd, pointer, index));
      known_.regs[index] = Kind::kSmall;
    }
    known_.regs[pointer] = Kind::kNothing;
    AccessAt(pointer, offset, size);
    if (source_.OneIn(2)) {
      // Nothing is believed of it, but there it is.
      known_.regs[pointer] = Kind::kNothing;
    }
  }

  void EmitJump(int offset) {
    const Reg dst = Number();
    const JumpCode code = kJumpCodes[source_.Below(11)];
    const bool wide = !source_.OneIn(3);
    if (source_.OneIn(3)) {
      const Reg src = Number();
      Emit(wide ? JumpReg(code, dst, src, offset)
                : Jump32Reg(code, dst, src, offset));
    } else {
      const int32_t imm = Immediate();
      Emit(wide ? JumpImm(code, dst, imm, offset)
                : Jump32Imm(code, dst, imm, offset));
    }
  }

  static Known Meet(const Known& a, const Known& b) {
    Known both;
    for (size_t i = 0; i < both.regs.size(); ++i) {
      both.regs[i] = a.regs[i] == b.regs[i] ? a.regs[i] : Kind::kNothing;
    }
    for (size_t i = 0; i < both.slots.size(); ++i) {
      both.slots[i] = a.slots[i] && b.slots[i];
    }
    return both;
  }

  void Branch(unsigned depth) {
    if (depth >= 3) {
      return;
    }
    EmitJump(0);
    const size_t jump = code_.size() - 1;
    const Known before = known_;
    Block(1 + source_.Below(4), depth + 1);
    if (source_.OneIn(2)) {
      Emit(Goto(0));
      const size_t over = code_.size() - 1;
      code_[jump].offset = static_cast<int16_t>(code_.size() - jump - 1);
      const Known first = known_;
      known_ = before;
      Block(1 + source_.Below(4), depth + 1);
      code_[over].offset = static_cast<int16_t>(code_.size() - over - 1);
      known_ = Meet(first, known_);
    } else {
      code_[jump].offset = static_cast<int16_t>(code_.size() - jump - 1);
      known_ = Meet(before, known_);
    }
  }

  /// A loop counted on the stack, where the body leaves it alone.
  void Loop(unsigned depth) {
    if (depth >= 2 || in_loop_) {
      return;
    }
    in_loop_ = true;
    constexpr int kCounter = -256;
    Emit(StoreImm(kDW, R10, kCounter, 0));
    const size_t head = code_.size();
    const Known before = known_;
    Block(1 + source_.Below(4), depth + 1);
    Emit(Load(kDW, R1, R10, kCounter));
    Emit(AluImm(kAdd, R1, 1));
    Emit(Store(kDW, R10, kCounter, R1));
    const int turns = 1 + static_cast<int>(source_.Below(12));
    Emit(JumpImm(kJlt, R1, turns,
                 static_cast<int>(head) - static_cast<int>(code_.size()) - 1));
    known_ = Meet(before, known_);
    known_.regs[R1] = Kind::kNumber;
    in_loop_ = false;
  }

  /// A loop that only may_goto ends.
  void TimedLoop(unsigned depth) {
    if (depth >= 2 || in_loop_) {
      return;
    }
    in_loop_ = true;
    const size_t head = code_.size();
    Emit(Raw(0xe5, 0, 0, 0, 0));
    const Known before = known_;
    Block(1 + source_.Below(4), depth + 1);
    Emit(Goto(static_cast<int>(head) - static_cast<int>(code_.size()) - 1));
    code_[head].offset = static_cast<int16_t>(code_.size() - head - 1);
    known_ = Meet(before, known_);
    in_loop_ = false;
  }

  /// r3: null, or the address of eight bytes that a callback may change. Sets
  /// `given`.
  void CallbackContext(bool& given) {
    given = !source_.OneIn(3);
    if (given) {
      Emit(StoreImm(kDW, R10, -32, static_cast<int64_t>(source_.Below(4))));
      known_.slots[3] = true;
      Emit(Join({MovReg(R3, R10), AluImm(kAdd, R3, -32)}));
    } else {
      Emit(MovImm(R3, 0));
    }
    Emit(MovImm(R4, source_.OneIn(24) ? 1 : 0));
  }

  void CallBack(int helper, Kind value, bool given) {
    callbacks_.push_back({code_.size(), value, given});
    Emit(LoadFunction(R2, 0));
    Emit(Call(helper));
    CallerSavedGone();
    known_.slots[3] = false;  // whatever it is now
    known_.regs[R0] = Kind::kNumber;
    if (source_.OneIn(3)) {
      return;
    }
    // What came of it is to be seen.
    Emit(LoadMapValue(R2, kArray));
    Emit(Store(kDW, R2, 0, R0));
    known_.regs[R2] = Kind::kValue16;
    if (given) {
      Emit(Load(kDW, R3, R10, -32));
      Emit(Store(kDW, R2, 8, R3));
      known_.regs[R3] = Kind::kNumber;
    }
  }

  /// bpf_loop, of a known number of rounds or any below 16.
  void CallbackLoop() {
    if (callbacks_.size() >= 3) {
      return;
    }
    const Reg count = Number();
    bool given = false;
    if (source_.OneIn(2) || count == R10) {
      CallbackContext(given);
      Emit(MovImm(R1, static_cast<int64_t>(source_.Below(12))));
    } else {
      if (count >= R2 && count <= R5) {
        return;
      }
      Emit(count == R1 ? MovReg(R1, R1) : MovReg(R1, count));
      Emit(AluImm(kAnd, R1, 15));
      CallbackContext(given);
    }
    CallBack(kLoop, Kind::kNothing, given);
  }

  void Walk() {
    if (callbacks_.size() >= 3) {
      return;
    }
    const unsigned which = source_.Below(3);
    bool given = false;
    CallbackContext(given);
    Emit(LoadMap(R1, which == 0 ? kArray : which == 1 ? kHash : kPerCpu));
    CallBack(kForEach,
             which == 0   ? Kind::kValue16
             : which == 1 ? Kind::kValue48
                          : Kind::kNumber,
             given);
  }

  void TailCall() {
    if (known_.regs[R9] != Kind::kContext) {
      return;
    }
    Emit(Join({MovReg(R1, R9), LoadMap(R2, kPrograms),
               MovImm(R3, static_cast<int64_t>(source_.Below(5))),
               Call(kTailCall)}));
    CallerSavedGone();
  }

  /// load_acquire and store_release, aligned.
  void Ordered() {
    const unsigned size = source_.Below(4);
    const Reg reg = source_.OneIn(2) ? Writable() : Number();
    Reg base = R10;
    int offset = -8 * (1 + static_cast<int>(source_.Below(4)));
    if (source_.OneIn(2)) {
      int bytes = 0;
      base = Value(bytes);
      offset =
          static_cast<int>(source_.Below(static_cast<unsigned>(bytes - 7))) /
          8 * 8;
    } else {
      Emit(StoreImm(kDW, R10, offset, Immediate()));
      known_.slots[SlotIndex(offset)] = true;
    }
    if (reg == base || reg == R10) {
      return;
    }
    if (IsNumber(reg) && source_.OneIn(2)) {
      Emit(Raw(0xc3u | kSizes[size], base, reg, offset, 0x110));
    } else {
      Emit(Raw(0xc3u | kSizes[size], reg, base, offset, 0x100));
      known_.regs[reg] = Kind::kNumber;
    }
  }

  /// The CPU's number, or what it has in a per-CPU array.
  void PerCpu() {
    if (source_.OneIn(3)) {
      Emit(Call(kCpuId));
      CallerSavedGone();
      known_.regs[R0] = Kind::kNumber;
      return;
    }
    Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(5))));
    known_.slots[0] = true;
    Emit(Join({MovReg(R2, R10), AluImm(kAdd, R2, -8), LoadMap(R1, kPerCpu),
               Call(kMapLookup)}));
    CallerSavedGone();
    Emit(JumpImm(kJne, R0, 0, 2));
    Emit(Return0());
    AccessAt(R0, 0, source_.Below(4));
    known_.regs[R0] = Kind::kNothing;
  }

  void HelperCall() {
    switch (source_.Below(5)) {
      case 0: {  // update of the hash, key and value on the stack
        Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(3))));
        const int last = source_.OneIn(16) ? 5 : 7;
        for (int i = 2; i <= last; ++i) {
          Emit(StoreImm(kDW, R10, -8 * i, Immediate()));
          known_.slots[static_cast<size_t>(i - 1)] = true;
        }
        known_.slots[0] = true;
        Emit(Join({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -8),
                   MovReg(R3, R10), AluImm(kAdd, R3, -56), MovImm(R4, 0),
                   Call(kMapUpdate)}));
        break;
      }
      case 1:
        Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(3))));
        known_.slots[0] = true;
        Emit(Join({LoadMap(R1, kHash), MovReg(R2, R10), AluImm(kAdd, R2, -8),
                   Call(kMapDelete)}));
        break;
      case 2: {  // fills a part of the stack, or a map's value
        const Reg size = Pick([](Kind kind) { return kind == Kind::kSmall; });
        if (source_.OneIn(2)) {
          Emit(Join({MovReg(R1, R10), AluImm(kAdd, R1, -16)}));
        } else {
          Emit(LoadMapValue(R1, source_.OneIn(60) ? kReadOnly : kArray));
        }
        if (size != R10 && size != R1 && source_.OneIn(2)) {
          Emit(MovReg(R2, size));
        } else {
          Emit(MovImm(R2, static_cast<int64_t>(source_.Below(18))));
        }
        Emit(MovReg(R3, R9));
        Emit(Call(kProbeRead));
        break;
      }
      case 3: {
        const Reg value = Pick([](Kind kind) {
          return kind == Kind::kValue16 || kind == Kind::kValue48;
        });
        if (value == R10 || value < R6) {
          return;
        }
        Emit(Join({MovReg(R2, value),
                   MovImm(R3, static_cast<int64_t>(source_.Below(18))),
                   LoadMap(R1, kRing), MovImm(R4, 0), Call(kRingOutput)}));
        break;
      }
      default:
        Emit(Call(kRandom));
    }
    CallerSavedGone();
    known_.regs[R0] = Kind::kNumber;
  }

  void Record(unsigned depth) {
    if (depth >= 2 || in_record_) {
      return;
    }
    in_record_ = true;
    Emit(Reserve(16));
    CallerSavedGone();
    Emit(JumpImm(kJne, R0, 0, 2));
    Emit(Return0());
    Emit(MovReg(R8, R0));
    known_.regs[R8] = Kind::kRecord;
    const size_t begin = code_.size();
    for (unsigned i = 1 + source_.Below(3); i > 0; --i) {
      const unsigned size = source_.Below(4);
      const int slack = 16 - kSizeBytes[size];
      AccessAt(R8, static_cast<int>(source_.Below(slack + 2u)), size);
      if (known_.regs[R8] != Kind::kRecord) {
        // Overwritten: the record leaks, and is refused.
        code_.resize(begin);
        known_.regs[R8] = Kind::kRecord;
        break;
      }
    }
    if (!source_.OneIn(24)) {
      Emit(Release(R8, source_.OneIn(2) ? kRingSubmit : kRingDiscard));
    }
    CallerSavedGone();
    known_.regs[R8] = Kind::kNothing;
    in_record_ = false;
  }

  void AtomicOperation() {
    constexpr int kOperations[] = {
        kAdd,         kOr,           kAnd,          kXor,  kAdd | kFetch,
        kOr | kFetch, kAnd | kFetch, kXor | kFetch, kXchg, kCmpXchg};
    const Reg src = Number();
    if (src == R10) {
      return;
    }
    const unsigned size = 2 + source_.Below(2);
    const int operation = kOperations[source_.Below(10)];
    if (operation == kCmpXchg && !IsNumber(R0)) {
      Emit(MovImm(R0, Immediate()));
      known_.regs[R0] = Kind::kNumber;
    }
    if (source_.OneIn(2)) {
      const int offset = -8 * (1 + static_cast<int>(source_.Below(4)));
      Emit(StoreImm(kDW, R10, offset, Immediate()));
      known_.slots[SlotIndex(offset)] = true;
      Emit(verifier::Atomic(kSizes[size], operation, R10, offset, src));
    } else {
      int bytes = 0;
      const Reg base = Value(bytes);
      if (base == src) {
        return;
      }
      const int slack = bytes - kSizeBytes[size];
      Emit(verifier::Atomic(kSizes[size], operation, base,
                            static_cast<int>(source_.Below(slack + 1u)) /
                                kSizeBytes[size] * kSizeBytes[size],
                            src));
    }
    known_.regs[operation == kCmpXchg ? R0 : src] = Kind::kNumber;
  }

  void FunctionCall() {
    if (calls_.size() >= 3 || in_function_) {
      return;
    }
    const Reg number = Number();
    if (number == R10) {
      return;
    }
    if (source_.OneIn(2)) {
      Emit(MovReg(R2, R10));
      Emit(AluImm(kAdd, R2, -16));
      if (!source_.OneIn(12)) {
        Emit(StoreImm(kDW, R10, -16, 1));
        known_.slots[1] = true;
      }
    } else {
      Emit(LoadMapValue(R2, kArray));
    }
    if (number != R1) {
      Emit(number == R2 ? MovImm(R1, Immediate()) : MovReg(R1, number));
    }
    Emit(known_.regs[R9] == Kind::kContext ? MovReg(R3, R9) : MovImm(R3, 0));
    calls_.push_back(code_.size());
    Emit(CallLocal(0));
    CallerSavedGone();
    known_.regs[R0] = Kind::kNumber;
    known_.slots[1] = false;  // the callee may have written a part
  }

  /// A function of r1, a number, and r2, the address of 8 bytes.
  void AppendFunctions() {
    for (size_t call : calls_) {
      code_[call].imm = static_cast<int32_t>(code_.size() - call - 1);
      known_ = Known();
      known_.regs[R1] = Kind::kNumber;
      known_.regs[R10] = Kind::kStack;
      in_function_ = true;
      Emit(MovReg(R9, R2));
      Emit(MovReg(R6, R1));
      Emit(MovReg(R8, R3));
      known_.regs[R6] = Kind::kNumber;
      Emit(Load(kW, R7, R9, 0));
      known_.regs[R7] = Kind::kNumber;
      for (unsigned i = source_.Below(5); i > 0; --i) {
        switch (source_.Below(4)) {
          case 0:
            Arithmetic();
            break;
          case 1:
            Bound();
            break;
          case 2:
            StoreToStack();
            break;
          default:
            Emit(Store(kW, R9, 4 * static_cast<int>(source_.Below(2)), R6));
        }
      }
      if (source_.OneIn(3)) {
        Emit(Join({MovReg(R1, R8), LoadMap(R2, kPrograms), MovImm(R3, 0),
                   Call(kTailCall)}));
      }
      Emit(MovReg(R0, IsNumber(R6) ? R6 : R7));
      Emit(Exit());
    }
  }

  struct Callback {
    size_t at;   // LD_IMM64 of its address
    Kind value;  // kNothing: bpf_loop; what it gets of a walk's values
    bool given;  // a context
  };

  /// Functions that are called back: of r1, a number, and r2, the context; or
  /// of a map, a key, a value and the context.
  void AppendCallbacks() {
    for (size_t i = 0; i < callbacks_.size(); ++i) {  // may add more
      const Callback callback = callbacks_[i];
      code_[callback.at].imm =
          static_cast<int32_t>(code_.size() - callback.at - 1);
      known_ = Known();
      known_.regs[R10] = Kind::kStack;
      in_function_ = true;
      CallbackBody(callback);
    }
  }

  void CallbackBody(const Callback& callback) {
    const bool walks = callback.value != Kind::kNothing;
    Emit(MovReg(R9, walks ? R4 : R2));
    if (!walks) {
      Emit(MovReg(R6, R1));
      known_.regs[R6] = Kind::kNumber;
    } else {
      Emit(Load(source_.OneIn(12) ? kDW : kW, R6, R2, 0));
      known_.regs[R6] = Kind::kNumber;
      if (callback.value != Kind::kNumber) {
        Emit(MovReg(R8, R3));
        known_.regs[R8] = callback.value;
      }
    }
    if (callback.given) {
      Emit(Load(kDW, R7, R9, 0));
      known_.regs[R7] = Kind::kNumber;
    }
    Block(source_.Below(6), 2);
    if (callback.given && !source_.OneIn(3)) {
      if (IsNumber(R7) && source_.OneIn(2)) {
        Emit(AluImm(kAdd, R7, 1));
      }
      const Reg reg = IsNumber(R7) ? R7 : Number();
      if (reg != R10) {
        Emit(Store(kDW, R9, 0, reg));
      }
    }
    if (IsNumber(R6) && source_.OneIn(4)) {
      Emit(Join({MovReg(R0, R6), AluImm(kAnd, R0, source_.OneIn(24) ? 3 : 1)}));
    } else {
      Emit(MovImm(R0, 0));
    }
    Emit(Exit());
  }

  void Copy() {
    const Reg src = Pick([](Kind kind) { return kind != Kind::kNothing; });
    const Reg dst = Writable();
    if (known_.regs[src] == Kind::kRecord) {
      return;
    }
    Emit(source_.OneIn(4) ? Mov32Reg(dst, src) : MovReg(dst, src));
    const bool whole = code_.back().opcode == 0xbf;
    known_.regs[dst] = whole ? known_.regs[src] : Kind::kNumber;
  }

  void Unary() {
    const Reg reg = Number();
    if (reg == R10) {
      return;
    }
    const int widths[] = {16, 32, 64};
    switch (source_.Below(4)) {
      case 0:
        Emit(Negate(reg));
        break;
      case 1:
        Emit(Raw(0x84, reg, 0, 0, 0));
        break;
      case 2:
        Emit(ByteSwap(reg, widths[source_.Below(3)]));
        break;
      default:
        Emit(Raw(source_.OneIn(2) ? 0xd4 : 0xdc, reg, 0, 0,
                 widths[source_.Below(3)]));
    }
    known_.regs[reg] = Kind::kNumber;
  }

  /// Moves a map value's address forth and back.
  void MovePointer() {
    int bytes = 0;
    const Reg reg = Value(bytes);
    if (reg == R10 || known_.regs[reg] == Kind::kRecord) {
      return;
    }
    const int by = static_cast<int>(source_.Below(64)) - 16;
    Emit(AluImm(kAdd, reg, by));
    const unsigned size = source_.Below(4);
    const int inside = static_cast<int>(
        source_.Below(static_cast<unsigned>(bytes - kSizeBytes[size] + 1)));
    const Reg value = Writable();
    if (value != reg) {
      Emit(Load(kSizes[size], value, reg, inside - by));
      known_.regs[value] = Kind::kNumber;
    }
    Emit(source_.OneIn(2) ? AluImm(kAdd, reg, -by) : AluImm(kSub, reg, by));
  }

  /// Rarely something that need not make sense.
  void Anything() {
    if (!source_.OneIn(24)) {
      return Arithmetic();
    }
    isa::Insn insn{};
    insn.opcode = source_.Byte();
    insn.dst = source_.Below(11) & 0xf;
    insn.src = source_.Below(11) & 0xf;
    insn.offset = static_cast<int16_t>(source_.Below(32)) - 16;
    insn.imm = Immediate();
    Emit(insn);
  }

  ByteSource& source_;
  Code code_;
  Known known_;
  std::vector<size_t> calls_;
  std::vector<Callback> callbacks_;
  bool in_loop_ = false;
  bool in_record_ = false;
  bool in_function_ = false;
};

}  // namespace

uint64_t ByteSource::Word() {
  uint64_t word = 0;
  for (unsigned i = 1 + Below(8); i > 0; --i) {
    word = word << 8 | Byte();
  }
  return OneIn(3) ? ~word : word;
}

verifier::Code DecodeProgram(ByteSource& source) {
  return Grammar(source).Program();
}

std::vector<uint8_t> RandomBytes(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(random());
  }
  return bytes;
}

}  // namespace ebpf::fuzzing
