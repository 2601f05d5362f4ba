// SPDX-License-Identifier: MIT
//
// Small programs for the interpreter's tests, made by hand and run without
// bpf(2), verifier or helpers' table.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/interpreter/interpreter.h"
#include "core/isa/insn.h"
#include "core/program/program.h"
#include "core/program/run_context.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {

/// Appends instructions, by their bytes.
class TestProgram {
 public:
  TestProgram& Raw(const isa::Insn& insn) {
    insns_.push_back(insn);
    return *this;
  }
  TestProgram& Append(const std::vector<isa::Insn>& insns) {
    insns_.insert(insns_.end(), insns.begin(), insns.end());
    return *this;
  }
  /// dst = src; dst = imm; dst = a 64-bit constant; *(u64 *)(dst + offset) =
  /// src
  TestProgram& Mov(uint8_t dst, uint8_t src) {
    return Raw(Make(0xbf, dst, src, 0, 0));
  }
  TestProgram& MovImm(uint8_t dst, int32_t imm) {
    return Raw(Make(0xb7, dst, 0, 0, imm));
  }
  TestProgram& Constant(uint8_t dst, uint64_t value) {
    Raw(Make(0x18, dst, 0, 0, static_cast<int32_t>(value)));
    return Raw(Make(0, 0, 0, 0, static_cast<int32_t>(value >> 32)));
  }
  TestProgram& StoreTo(uint8_t dst, int16_t offset, uint8_t src) {
    return Raw(Make(0x7b, dst, src, offset, 0));
  }
  TestProgram& Exit() { return Raw(Make(0x95, 0, 0, 0, 0)); }

  const std::vector<isa::Insn>& insns() const { return insns_; }

  static isa::Insn Make(uint8_t opcode, uint8_t dst, uint8_t src,
                        int16_t offset, int32_t imm) {
    isa::Insn insn{};
    insn.opcode = opcode;
    insn.dst = dst & 0xf;
    insn.src = src & 0xf;
    insn.offset = offset;
    insn.imm = imm;
    return insn;
  }

 private:
  std::vector<isa::Insn> insns_;
};

/// The parts of a program of `insns`, owned by whoever makes a Program of them.
inline ProgramParts PartsOf(const std::vector<isa::Insn>& insns,
                            Allocator& allocator) {
  static const ProgramType type = {};
  ProgramParts parts;
  parts.type = &type;
  Result<isa::Insns> array = allocator.NewArray<isa::Insn>(insns.size());
  if (array.ok()) {
    parts.insns = *array;
    std::copy(insns.begin(), insns.end(), parts.insns.begin());
  }
  return parts;
}

/// What Create says of `insns`; kOk when it made a program (which is freed).
inline Status PrepareProgram(const std::vector<isa::Insn>& insns) {
  FailingAllocator allocator;
  const ProgramParts parts = PartsOf(insns, allocator);
  Result<Ref<Program>> program =
      Program::Create(parts, InterpreterEngine(), allocator);
  if (!program.ok()) {
    allocator.DeleteArray(parts.insns);
  }
  return program.status();
}

/// A program on its way, and the memory to run it in. With an allocator of the
/// test's the program may outlive this.
class TestParts {
 public:
  explicit TestParts(const std::vector<isa::Insn>& insns)
      : allocator_(own_allocator_), parts_(PartsOf(insns, allocator_)) {}
  TestParts(const std::vector<isa::Insn>& insns, Allocator& allocator)
      : allocator_(allocator), parts_(PartsOf(insns, allocator_)) {}

  void SetDirectCalls(const std::vector<DirectCall>& calls) {
    parts_.direct_calls = Copy(calls);
  }
  void SetFunctions(const std::vector<ProgramFunction>& functions) {
    parts_.functions = Copy(functions);
  }
  void SetFacts(const std::vector<InsnFacts>& facts) {
    parts_.facts = Copy(facts);
  }
  /// Takes over a reference of each.
  void SetMaps(const std::vector<Map*>& maps) { parts_.maps = Copy(maps); }

  ProgramParts& parts() { return parts_; }
  RunContext& run() { return *run_; }

  /// The program, made at the first call.
  Program& program() {
    if (!program_) {
      Result<Ref<Program>> program =
          Program::Create(parts_, InterpreterEngine(), allocator_);
      if (!program.ok()) {
        std::fprintf(stderr, "the engine refused a test's program: %d\n",
                     static_cast<int>(program.status()));
        std::abort();
      }
      program_ = *Move(program);
    }
    return *program_;
  }

  /// Runs it with r1 = context in `run()`; r0.
  uint64_t Run(void* context) {
    Result<void*> image = InterpreterEngine().Prepare(program());
    if (!image.ok()) {
      std::abort();
    }
    run_->program = &program();
    run_->tail_calls = 0;
    run_->frames_left = 0;
    run_->frame_count = 0;
    const uint64_t result =
        InterpreterEngine().Run(program(), *image, context, *run_);
    InterpreterEngine().Release(*image);
    return result;
  }

 private:
  template <typename T>
  Span<T> Copy(const std::vector<T>& from) {
    Span<T> array = *allocator_.NewArray<T>(from.size());
    std::copy(from.begin(), from.end(), array.begin());
    return array;
  }

  FailingAllocator own_allocator_;
  Allocator& allocator_;
  ProgramParts parts_;
  Ref<Program> program_;
  std::unique_ptr<RunContext> run_ = std::make_unique<RunContext>();
};

/// Runs `insns` with r1 = context; r0.
inline uint64_t RunProgram(const std::vector<isa::Insn>& insns, void* context) {
  return TestParts(insns).Run(context);
}

}  // namespace ebpf
