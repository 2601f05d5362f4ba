// SPDX-License-Identifier: MIT
//
// How program_grammar.cc makes statements: the class, whose functions are in
// the files named statements_*.cc, one for each kind of statement.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "testing/fuzzing/program_grammar.h"

namespace ebpf::fuzzing {

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
  kPacket,  // of which `sizes` bytes were compared with the end
};

struct Known {
  std::array<Kind, 11> regs{};
  std::array<int, 11> sizes{};
  std::array<bool, 64> slots{};  // written, by 8 bytes below fp
};

inline constexpr AluCode kAluCodes[] = {kAdd, kSub, kMul, kDiv, kOr,   kAnd,
                                        kLsh, kRsh, kMod, kXor, kArsh, kMov};
inline constexpr JumpCode kJumpCodes[] = {kJeq,  kJgt, kJge, kJset, kJne, kJsgt,
                                          kJsge, kJlt, kJle, kJslt, kJsle};
inline constexpr Size kSizes[] = {kB, kH, kW, kDW};
inline constexpr int kSizeBytes[] = {1, 2, 4, 8};

class Grammar {
 public:
  Grammar(ByteSource& source, Target target)
      : source_(source), target_(target) {
    known_.regs[R1] = Kind::kContext;
    known_.regs[R10] = Kind::kStack;
  }
  Code Program();

 private:
  struct Callback {
    size_t at;   // LD_IMM64 of its address
    Kind value;  // kNothing: bpf_loop; what it gets of a walk's values
    bool given;  // a context
  };

  void Emit(const isa::Insn& insn) { code_.push_back(insn); }
  void Emit(const Code& code);
  void Load64(Reg reg, int offset);
  bool IsNumber(Reg reg) const;
  /// One of r0..r8 that the generator may write.
  Reg Writable() { return static_cast<Reg>(source_.Below(9)); }
  /// A register of that kind, or, rarely, any; R10 if there is none.
  template <typename Predicate>
  Reg Pick(Predicate fits) {
    if (source_.OneIn(600)) {
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
  Reg Number();
  int32_t Immediate();
  void Block(unsigned statements, unsigned depth);
  void Statement(unsigned depth);
  void Constant();
  void Arithmetic();
  /// Makes a number small, by one of many ways.
  void Bound();
  /// Offset of a slot from fp; mostly among the first few.
  int SlotOffset();
  static size_t SlotIndex(int offset) {
    return static_cast<size_t>(-offset / 8 - 1);
  }
  void StoreToStack();
  void LoadFromStack();
  /// fp - 32 + a small number, for all of which the stack is written first.
  void VariableStack();
  void CallerSavedGone();
  void LookupValue();
  /// Two values of the hash, of which both, or only the second, are checked.
  void LookupTwo();
  /// A register with a map value, the size of it in `size`.
  Reg Value(int& size);
  /// A part of the packet: checked, then accessed.
  void CheckPacket();
  void AccessPacket();
  void AccessAt(Reg pointer, int offset, unsigned size);
  void AccessValue();
  void IndexValue();
  void EmitJump(int offset);
  static Known Meet(const Known& a, const Known& b);
  void Branch(unsigned depth);
  /// A loop counted on the stack, where the body leaves it alone.
  void Loop(unsigned depth);
  /// A loop that only may_goto ends.
  void TimedLoop(unsigned depth);
  /// r3: null, or the address of eight bytes that a callback may change. Sets
  /// `given`.
  void CallbackContext(bool& given);
  void CallBack(int helper, Kind value, bool given);
  /// bpf_loop, of a known number of rounds or any below 16.
  void CallbackLoop();
  void Walk();
  void TailCall();
  /// load_acquire and store_release, aligned.
  void Ordered();
  /// The CPU's number, or what it has in a per-CPU array.
  void PerCpu();
  void HelperCall();
  void Record(unsigned depth);
  void AtomicOperation();
  void FunctionCall();
  /// A function of r1, a number, and r2, the address of 8 bytes.
  void AppendFunctions();
  /// Functions that are called back: of r1, a number, and r2, the context; or
  /// of a map, a key, a value and the context.
  void AppendCallbacks();
  void CallbackBody(const Callback& callback);
  void Copy();
  void Unary();
  /// Moves a map value's address forth and back.
  void MovePointer();
  /// Rarely something that need not make sense.
  void Anything();

  ByteSource& source_;
  const Target target_;
  Code code_;
  Known known_;
  std::vector<size_t> calls_;
  std::vector<Callback> callbacks_;
  bool in_loop_ = false;
  bool in_record_ = false;
  bool in_function_ = false;
};

}  // namespace ebpf::fuzzing
