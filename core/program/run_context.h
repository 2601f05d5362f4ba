// SPDX-License-Identifier: MIT
//
// What one run of a program has on its CPU: stacks, and whose run it is.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

class Program;

/// Linux's limits: 512 bytes of stack over a program's chain of calls, 8
/// frames; 33 tail calls in a run, and not from functions whose callers use
/// more than 256 bytes of stack.
inline constexpr uint32_t kMaxStackBytes = 512;
inline constexpr uint32_t kMaxFrames = 8;
inline constexpr uint32_t kMaxTailCalls = 33;
inline constexpr uint32_t kMaxTailCallStackBytes = 256;
/// A tail call from a function that is n calls deep leaves n frames behind. In
/// one run there can be so many of these; another tail call then fails as one
/// too many does. (Linux has no such limit, but a larger stack.)
inline constexpr uint32_t kMaxFramesLeft = 40;
/// Above each function's stack is a word for the engine.
inline constexpr uint32_t kFrameLinkBytes = 8;
/// Calls that are open at once in a run.
inline constexpr uint32_t kFrameCount = kMaxFrames + kMaxFramesLeft;
/// What all frames of a run can need.
inline constexpr uint32_t kRunStackBytes =
    kMaxTailCalls * (kMaxTailCallStackBytes + kMaxFrames * kFrameLinkBytes) +
    kMaxStackBytes + kMaxFrames * kFrameLinkBytes;
inline constexpr uint32_t kScratchWords = 384;
/// Programs on one CPU at a time: in task, interrupt, trap and NMI.
inline constexpr uint32_t kMaxRunLevels = 4;

/// What runs a program, for helpers that tell it.
struct RunOrigin {
  /// What the client gave when it attached the program (bpf_cookie).
  uint64_t cookie = 0;
  /// The function at whose entry, or return, the program is attached, or 0.
  uint64_t function = 0;
  /// Of a program for both: the word that a call's two runs share; and whether
  /// this is the one at the return.
  uint64_t* session = nullptr;
  bool is_return = false;
};

/// The memory of one run: outside the kernel's own stack, which may be small.
///
/// Each CPU has kMaxRunLevels, one for each program that interrupts another.
/// Compiled code knows the offsets.
///
/// Stacks grow down, as a C stack does: the first function's r10 is
/// `StackTop()`, and a callee's is its caller's, less the caller's stack bytes
/// (kMaxStackBytes where nobody knows them), less kFrameLinkBytes. A tail call
/// leaves r10 as it is. In compiled programs the word at r10 is the address of
/// the RunContext, in the functions that need it.
struct RunContext {
  /// What an engine without a stack of its own saves of the caller on a call
  /// between subprograms.
  struct Frame {
    uint64_t saved[5];  // r6..r9, and r10 of the caller
    uint64_t return_to;
  };

  const Program* program;   // that runs now: a tail call changes it
  void* context;            // r1 at entry
  const RunOrigin* origin;  // never null
  uint32_t tail_calls;      // made in this run
  uint32_t frames_left;     // see kMaxFramesLeft
  uint32_t frame_count;  // of `frames` in use, where an engine has use for it
  uint32_t level;        // 0: interrupted no other program
  uint32_t cpu;
  uint64_t stack_below;  // r10 for a function that is called back
  uintptr_t preemption;  // for EndRun
  uintptr_t lock_irq;    // for bpf_spin_unlock
  uint64_t own_session;  // where origin->session is null
  /// What guarded_run.h runs here, or null.
  Atomic<const Program*> guarded;
  Frame frames[kFrameCount];
  alignas(16) uint8_t stack[kRunStackBytes];
  uint64_t self;  // this RunContext's address, as compiled code finds it
  /// For the helper that runs now: more than a kernel's stack may have.
  uint64_t scratch[kScratchWords];

  uint64_t StackTop() { return reinterpret_cast<uint64_t>(&self); }
  /// The one whose StackTop() that is.
  static RunContext& Of(uint64_t stack_top) {
    return *reinterpret_cast<RunContext*>(stack_top -
                                          offsetof(RunContext, self));
  }
};
static_assert(sizeof(uintptr_t) == 8);

/// What runs have whose origin nobody knows.
extern const RunOrigin kNoOrigin;

/// Takes this CPU's next free RunContext, or null when they are used up (the
/// hit is then missed). Preemption is off from here to EndRun. What interrupts
/// the caller ends its own runs before it returns. Context: any.
RunContext* BeginRun();
void EndRun(RunContext* run);

/// The innermost run on this CPU, for helpers; null outside of programs.
/// Context: any, preemption off.
RunContext* CurrentRun();

/// kNoMemory. Context: task, once.
Status InitRunContexts(Allocator& allocator);
void ExitRunContexts();

}  // namespace ebpf
