// SPDX-License-Identifier: MIT
//
// What core/selftest asks of a CPU to see that a trap gives everything back:
// code that fills all registers, traps, and stores what it finds in them.
// Defined by arch/<isa>/machine/trap_check.cc and trap_check.S.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"

namespace ebpf::machine {

/// What a word of pt_regs is to code that a trap interrupts.
enum class TrapWordKind : uint8_t {
  kNone,     // nothing that the trap's return restores
  kGeneral,  // the code's own
  kKernels,  // a kernel may keep something there: it is not filled
  kFlags,
  kStackPointer,
  kPc,
};

struct TrapWord {
  const char* name;
  TrapWordKind kind;
};

inline constexpr size_t kMaxTrapWords = 36;
/// Words that are filled, from the stack pointer on.
inline constexpr size_t kTrapStackWords = 16;
/// Words from where the trap left the stack pointer, at most.
inline constexpr size_t kMaxTrapStackWords = 80;

/// What the registers hold at the trap. The code itself fills in what is of the
/// kinds kKernels and kStackPointer.
struct BeforeTrap {
  uint64_t words[kMaxTrapWords];  // as pt_regs
  uint64_t stack[kTrapStackWords];
};

/// What they hold behind it.
struct AfterTrap {
  uint64_t words[kMaxTrapWords];
  uint64_t stack[kMaxTrapStackWords];
  uint64_t stack_count;
  uint64_t came_to;  // kCameToNext, kCameElsewhere
};
static_assert(offsetof(BeforeTrap, stack) == 288);
static_assert(offsetof(AfterTrap, stack) == 288);
static_assert(offsetof(AfterTrap, stack_count) == 928);
static_assert(offsetof(AfterTrap, came_to) == 936);

inline constexpr uint64_t kCameToNext = 1;
inline constexpr uint64_t kCameElsewhere = 2;

struct TrapCheck {
  /// The first word of `kind`, which there is. Context: any.
  size_t WordOf(TrapWordKind kind) const {
    size_t at = 0;
    while (words[at].kind != kind) {
      ++at;
    }
    return at;
  }

  /// Of each word of pt_regs.
  Span<const TrapWord> words;
  /// Of the word of the flags: what a trap's return restores, what of it code
  /// may set as it likes, which bits say how interrupts are, and which of those
  /// are set where they are on.
  uint64_t flags;
  uint64_t own_flags;
  uint64_t interrupt_flags;
  uint64_t interrupts_on;
  /// Bytes that EBPF_TRAP_STUB_LEAVES_GAP promises, and what the stack pointer
  /// is a multiple of.
  size_t gap;
  size_t stack_alignment;
  /// A breakpoint, no longer than what is at ebpf_trap_check_place, and how far
  /// behind it the trap says that it was.
  ConstBytes breakpoint;
  size_t pc_behind;
};

/// Of the CPU that runs.
[[gnu::visibility("hidden")]] extern const TrapCheck kTrapCheck;

}  // namespace ebpf::machine

extern "C" {

/// Fills the registers, comes to the place, and stores what it then finds. What
/// it has to remember meanwhile is in ebpf_trap_check_state: not two at a time,
/// unless that is saved. Context: any.
[[gnu::visibility("hidden")]] void ebpf_trap_check(
    ebpf::machine::BeforeTrap* before, ebpf::machine::AfterTrap* after);

/// In it: a branch to the next instruction, for a breakpoint to stand on, which
/// no detour takes the place of; that instruction; and another way on.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_trap_check_place[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_trap_check_next[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_trap_check_elsewhere[];

[[gnu::visibility("hidden")]] extern uint64_t ebpf_trap_check_state[4];

}  // extern "C"
