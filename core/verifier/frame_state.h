// SPDX-License-Identifier: MIT
//
// What is known of the machine at one point of one path: the registers and
// stacks of all active functions, and the references that are held.
#pragma once

#include <stdint.h>

#include "core/isa/insn.h"
#include "core/program/run_context.h"
#include "core/verifier/reg_state.h"

namespace ebpf::verifier {

inline constexpr uint32_t kSlotSize = 8;
inline constexpr uint32_t kMaxSlots = kMaxStackBytes / kSlotSize;
inline constexpr uint32_t kMaxReferences = 64;

/// What a byte of stack holds.
enum class ByteKind : uint8_t {
  kInvalid,  // never written on this path
  kSpill,    // part of the register in `spilled`
  kMisc,     // some number
  kZero,
  kIgnored,   // in saved states: some number that does not matter
  kDynptr,    // part of the dynptr that `spilled` describes
  kIterator,  // part of the iterator that `spilled` describes
};

/// Eight bytes of stack, aligned. Slot 0 is [fp-8, fp), slot 1 [fp-16, fp-8).
struct StackSlot {
  /// By address. Spilled bytes are the first 1, 2, 4 or all 8.
  ByteKind bytes[kSlotSize];
  RegState spilled;

  /// Whether a register, or a part of one, is kept here.
  bool HasSpill() const { return bytes[0] == ByteKind::kSpill; }
  /// Whether this is a part of a dynptr or an iterator, all eight bytes;
  /// `spilled` says of which.
  bool HasObject() const {
    return bytes[0] == ByteKind::kDynptr || bytes[0] == ByteKind::kIterator;
  }
  /// How many bytes of it.
  uint32_t SpillSize() const;
  /// Forgets the register: its bytes are some number.
  void DropSpill();
};

/// Where a function is in loops that end by themselves, however they look from
/// inside (DESIGN.md, "Loops that end by themselves").
struct LoopState {
  /// The call of a helper that calls back, from this function and not finished;
  /// 0: none. And how often it has called.
  uint32_t loop;
  uint32_t calls;
  /// This activation of a function with may_goto, and how often it went on
  /// behind one; 0: has none.
  uint32_t activation;
  uint32_t gotos;
};

/// Registers and slots of a frame, as bits; for the log.
struct FrameMarks {
  uint64_t slots;
  uint16_t regs;

  static constexpr FrameMarks All() { return {~uint64_t{0}, 0xffff}; }
  constexpr bool IsEmpty() const { return slots == 0 && regs == 0; }
};
static_assert(kMaxSlots == 64);

/// How a function is called that a program leaves with the kernel.
enum class Async : uint8_t {
  kNo,
  kAtomic,     // a timer's: may not sleep
  kSleepable,  // a work queue's
};

/// One active function.
struct Frame {
  RegState regs[isa::kRegisterCount];
  StackSlot slots[kMaxSlots];
  /// Slots beyond these are kInvalid, whatever they hold.
  uint32_t slot_count;
  /// The call instruction in the caller.
  uint32_t call_site;
  uint32_t subprogram;
  LoopState loops;
  /// Written since a state was last kept, if there is a log.
  FrameMarks written;
  /// `call_site` calls a helper, which calls this function.
  bool called_back;
  /// Whether the kernel calls this function, some time later.
  Async async;

  /// Makes slots up to `count` (at most kMaxSlots) usable.
  void GrowTo(uint32_t count);
};

struct alignas(8) Reference {
  uint32_t id;
  uint32_t insn;  // that took it
  /// The frame of the innermost function that is called back and that took it,
  /// or 0: it must give it back, and nobody inside may.
  uint32_t callback;
};

/// The bpf_spin_lock that is held; there is at most one.
struct Lock {
  /// The map in whose values it is, or the types of the object; null: none is.
  const void* owner;
  /// The value or object, as RegState::id.
  uint32_t id;
};

/// Sections that the program is in, by the kernel functions that begin them.
struct Regions {
  uint32_t preempt_disabled;  // how often
  bool rcu;                   // bpf_rcu_read_lock

  friend constexpr bool operator==(const Regions& a, const Regions& b) {
    return a.preempt_disabled == b.preempt_disabled && a.rcu == b.rcu;
  }
};

/// The working state: big, and there is one.
struct State {
  uint32_t frame_count;
  Regions regions;
  Lock lock;
  uint32_t reference_count;
  Reference references[kMaxReferences];
  Frame frames[kMaxFrames];

  Frame& current() { return frames[frame_count - 1]; }
  const Frame& current() const { return frames[frame_count - 1]; }
  RegState& reg(unsigned number) { return current().regs[number]; }
};

/// Makes it that of a function that begins: one frame, and nothing in it.
/// (Cheaper than to fill all of it with zeros.)
void Reset(State& state);

/// r0 to r5 are what a call does not keep.
inline constexpr unsigned kCallerSavedCount = 6;

/// Before a call's result is written.
inline void ForgetCallerSaved(State& state) {
  for (unsigned i = 0; i < kCallerSavedCount; ++i) {
    state.reg(i) = RegState{};
  }
}

/// Calls `f` with each register that `state` knows, spilled ones included; not
/// with dynptrs and iterators on the stack.
template <typename F>
void ForEachReg(State& state, F f) {
  for (uint32_t i = 0; i < state.frame_count; ++i) {
    Frame& frame = state.frames[i];
    for (RegState& reg : frame.regs) {
      f(reg);
    }
    for (uint32_t slot = 0; slot < frame.slot_count; ++slot) {
      if (frame.slots[slot].HasSpill()) {
        f(frame.slots[slot].spilled);
      }
    }
  }
}

/// The slot that has the byte at fp + `offset` (-512..-1), and where in it.
constexpr uint32_t SlotOf(int64_t offset) {
  return static_cast<uint32_t>(-offset - 1) / kSlotSize;
}
constexpr uint32_t ByteInSlot(int64_t offset) {
  return kSlotSize - 1 - static_cast<uint32_t>(-offset - 1) % kSlotSize;
}

}  // namespace ebpf::verifier
