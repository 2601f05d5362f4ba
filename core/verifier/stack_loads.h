// SPDX-License-Identifier: MIT
//
// What functions of the program may load from the stacks of those that call
// them: numbers in other slots do not matter to the callee.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Part of relevance.h's analysis. Made once for a program; the memory is given
/// back at its end.
class StackLoads : public NonCopyable {
 public:
  explicit StackLoads(const Verification& v) : v_(v) {}
  ~StackLoads();

  /// Looks at all functions; CheckGraph has been passed. kNoMemory.
  Status Find();

  /// The slots of its function's own stack that the subprogram called at
  /// `index` may load from, as in Relevant::slots.
  uint64_t SlotsAt(uint32_t index) const;

  /// Where a register may point to: whose stack, and where there.
  struct Origin {
    enum Kind : uint8_t {
      kNone,  // no stack
      kOwn,
      kArgument,  // where argument number `argument` points to
      kUnknown,   // any stack
    };
    static constexpr int32_t kAnywhere = INT32_MIN;

    Kind kind = kNone;
    uint8_t argument = 0;
    int32_t offset = 0;
  };
  struct Registers {
    Origin of[isa::kRegisterCount];
  };
  /// What a function loads where an argument points to: bytes [begin, end).
  struct Loads {
    int32_t begin;
    int32_t end;
    bool anywhere;
  };
  struct Summary {
    Loads by_argument[5];
    /// It may load through a pointer that it found in a stack.
    bool unknown;
    /// It puts pointers to a stack into its own.
    bool spills;
  };

 private:
  bool Pass();
  bool Step(uint32_t index, const isa::DecodedInsn& insn, Registers& registers);
  void Alu(const isa::DecodedInsn& insn, Registers& registers) const;
  Origin Loaded(const Origin& base, uint8_t width, const Summary& own) const;
  bool Load(const Origin& base, int32_t offset, uint8_t width, Summary& own);
  bool PassAll(const Origin& argument, bool to_function, Summary& own);
  bool Call(uint32_t index, const isa::DecodedInsn& insn,
            const Registers& registers, Summary& own);
  bool Helper(const isa::DecodedInsn& insn, const Registers& registers,
              Summary& own);

  const Verification& v_;
  Span<Registers> before_;   // each instruction
  Span<Summary> functions_;  // empty: nothing is known
};

}  // namespace ebpf::verifier
