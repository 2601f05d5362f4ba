// SPDX-License-Identifier: MIT
//
// What executes programs: the interpreter, and the compiler of core/jit.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/program/run_context.h"

namespace ebpf {

class Program;

/// What a compiler made of a program. It lives as long as the program.
struct MachineCode {
  uint64_t address = 0;
  size_t size = 0;  // 0: there is none
  /// For each instruction, where its code begins, from `address`.
  Span<const uint32_t> offsets;
};

/// What a compiler made, as a C function.
using CompiledEntry = uint64_t (*)(void* context, uint64_t stack_top);

// Compiled code has no signature for the sanitizer to look at.
#if defined(__clang__)
#define EBPF_CALLS_COMPILED __attribute__((no_sanitize("function")))
#else
#define EBPF_CALLS_COMPILED
#endif

/// One way to execute a verified program. Stateless; `image` is its own.
class Engine {
 public:
  virtual const char* name() const = 0;

  /// Makes what `Run` needs for `program`, once, before the first run.
  /// Null is a valid image. Context: task.
  virtual Result<void*> Prepare(const Program& program) = 0;

  /// Frees an image that nobody runs any more. Context: task.
  virtual void Release(void* image) = 0;

  /// Runs from the first instruction with r1 = context; the result is r0.
  /// The caller is in a read section with preemption off. Context: any.
  virtual uint64_t Run(const Program& program, void* image, void* context,
                       RunContext& run) const = 0;

  /// A function that does the same as Run, or null: see RunContext::StackTop.
  /// Context: task.
  virtual CompiledEntry EntryOf(const void* /*image*/) const { return nullptr; }

  /// What it compiled, for who dumps it. Context: any.
  virtual MachineCode CodeOf(const void* /*image*/) const { return {}; }

  /// Where a tail call to a program with `image` goes, in the engine's own
  /// terms. Programs of different engines never call each other.
  /// Context: task.
  virtual const void* TailCallEntry(const Program& program,
                                    void* image) const = 0;

  /// For helpers that call back: runs `function`, which the program passed as
  /// the address that LD_IMM64 gave it (kPseudoFunc), with r1..r5 = `args`; r0.
  /// `run` is CurrentRun(), and the helper was called by the program of `run`.
  /// Context: any.
  virtual uint64_t CallBack(RunContext& run, uint64_t function,
                            const uint64_t (&args)[5]) const = 0;

 protected:
  ~Engine() = default;
};

}  // namespace ebpf
