// SPDX-License-Identifier: MIT
//
// Where a jump could stand in place of a breakpoint, on x86-64.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/probe_plan.h"

namespace ebpf::x86_64 {

/// A detour is a jump that covers the first instructions behind a place, its
/// *window*; they run elsewhere, and jump back. Context of all: any.
///
/// What this cannot see, and whoever writes the jump must make sure of:
///
/// - No task is inside of the window (core/sync/text_quiescence.h), a
///   breakpoint at its beginning keeping others out meanwhile.
/// - No other probe stands inside of it, and no other symbol does.
/// - Nothing outside of the function's code jumps into it: a part of it that
///   the compiler has put elsewhere is given as `others`; a kernel whose
///   indirect jumps are direct ones to thunks has none of them.
/// - There is no data among the code.
///
/// Exception tables and unwinders name places in the window, and the
/// instructions are elsewhere. So only the first of them may be one that
/// faults: put back to its own place it meets the jump, and is hit again.
///
/// The slot pushes the flags, masks interrupts, and calls `entry`
/// (machine/detour.S), which finds what it stands for at its end; it pops the
/// flags, interrupts as they were, and only then goes on: so who is interrupted
/// is never in what all slots share. Below sp there must be nothing.
struct Detour {
  /// jmp rel32.
  static constexpr unsigned kJumpSize = 5;
  static constexpr unsigned kMaxWindowSize = 15;
  /// Of the copies in the slot, and of the distance from the slot to the
  /// window.
  static constexpr unsigned kCopyOffset = 8;
  static constexpr unsigned kDistanceOffset = 28;
  static constexpr unsigned kMaxRelocatedSize = kMaxWindowSize + kJumpSize;

  /// Code outside of the function that may jump into it.
  struct Piece {
    ConstBytes code;
    uint64_t address;
  };

  /// The size of the window at `function` + `offset`. `code` is all of the
  /// function, without breakpoints. kBadSequence: `offset` is inside of an
  /// instruction, or something cannot be decoded; kInvalid: a jump cannot stand
  /// there.
  static Result<uint8_t> FindWindow(ConstBytes code, uint64_t function,
                                    size_t offset,
                                    Span<const Piece> others = {});

  /// The MachineOps: may_detour, find_window and make_detour.
  static bool IsPossible(const machine::ProbePlan& plan);
  static Result<machine::DetourWindow> Find(ConstBytes code, uint64_t function,
                                            size_t offset);
  static bool Make(machine::ProbePlan& plan,
                   const machine::DetourWindow& window, uint64_t slot,
                   uint64_t entry);

  /// Writes what the instructions of `window`, which stands at `address`, are
  /// at `to`, and the jump back behind them, into `out` of kMaxRelocatedSize
  /// bytes; its size. kInvalid: `to`, or an operand, is out of reach.
  static Result<uint8_t> Relocate(ConstBytes window, uint64_t address,
                                  uint64_t to, Span<uint8_t> out);
};

}  // namespace ebpf::x86_64
