// SPDX-License-Identifier: MIT
//
// Everything about one run of the verifier, shared by the files that each check
// one kind of thing.
#pragma once

#include <stdint.h>

#include "core/isa/decode.h"
#include "core/memory/vector.h"
#include "core/verifier/call_graph.h"
#include "core/verifier/findings.h"
#include "core/verifier/frame_state.h"
#include "core/verifier/messages.h"
#include "core/verifier/rejection.h"
#include "core/verifier/verifier.h"

namespace ebpf::verifier {

/// BPF_MAX_VAR_OFF: what an offset in memory stays below, both ways.
inline constexpr int64_t kMaxOffset = 1 << 29;

class IdMap;
struct ExploredState;
struct PendingBranch;

/// What is known of one instruction apart from any path.
struct InsnInfo {
  enum Flag : uint16_t {
    kSecondSlot = 1 << 0,   // of LD_IMM64: no instruction
    kReachable = 1 << 1,    // by the graph of jumps and calls
    kPrunePoint = 1 << 2,   // paths meet here: states are compared
    kDivisorZero = 1 << 3,  // on some path the divisor may be 0
    kDivisorSeen = 1 << 4,
    kStackAccess = 1 << 5,    // on some path through a pointer to the stack
    kContextAccess = 1 << 6,  // to the context
    kOtherAccess = 1 << 7,    // to anything else
    kJumps = 1 << 8,          // on some path the conditional jump is taken
    kFallsThrough = 1 << 9,   // on some path it is not
    kCallsBack = 1 << 10,     // calls a helper that calls a function back
    kMayGoto = 1 << 11,
    kIteratorBegins = 1 << 12,  // calls a function that begins an iterator
    kIteratorSteps = 1 << 13,   // or gets its next element
    kFastCall = 1 << 14,        // spills or fills around such a call
  };

  ExploredState* explored;  // states seen here, the newest first
  uint16_t live;            // bit r: somebody may read what r holds before it
  uint16_t live_upper;      // ... its upper half; filled in after the walk
  uint16_t flags;
  uint8_t explored_count;
  bool walked;       // some path went through it
  RegType accessed;  // through what, last; kUninitialized: no memory yet
  CallNote call;     // of a helper: what it is called with
};

/// Of a set of registers: that of `reg`.
constexpr uint16_t RegBit(unsigned reg) {
  return static_cast<uint16_t>(1u << reg);
}
/// r0 to r5.
inline constexpr uint16_t kCallerSaved = RegBit(kCallerSavedCount) - 1;

/// Numbers that matter (relevance.h), as sets of bits.
struct Relevant {
  uint64_t slots;  // of the function's own stack, as SlotOf counts them
  uint16_t regs;

  static constexpr Relevant All() { return {~uint64_t{0}, 0xffff}; }

  friend constexpr Relevant operator|(const Relevant& a, const Relevant& b) {
    return {a.slots | b.slots, static_cast<uint16_t>(a.regs | b.regs)};
  }
};
static_assert(kMaxSlots == 64);

/// What a function takes as an argument; Linux's name for it in the comment.
struct FunctionArgument {
  enum Kind : uint8_t {
    kScalar,   // ARG_ANYTHING
    kContext,  // ARG_PTR_TO_CTX
    kMemory,   // ARG_PTR_TO_MEM: `size` bytes
    kTyped,    // ARG_PTR_TO_BTF_ID | PTR_TRUSTED: the kernel's `type`
    kDynptr,   // ARG_PTR_TO_DYNPTR | MEM_RDONLY
    kArena,    // ARG_PTR_TO_ARENA
  };

  Kind kind;
  bool maybe_null;
  uint32_t size;
  uint32_t type;
};
inline constexpr unsigned kMaxArguments = 5;

struct Subprogram {
  uint32_t start;
  uint32_t end;
  uint32_t stack_depth;
  bool has_may_goto;
  /// fast_call.h: spills below `fast_call_offset` can go.
  bool has_fast_calls;
  int32_t fast_call_offset;
  /// Linux makes instructions of a bpf_loop in it.
  bool has_inline_loop;
  /// The kernel calls it later; somebody calls it at once.
  bool is_async;
  bool is_called;
  /// It, or a function that it calls, may call what moves the packet.
  bool moves_packet;
  /// Something in it, or in what it calls, may sleep, or throws.
  bool may_sleep;
  bool may_throw;
  /// By func_info; 0 and static without.
  uint32_t type;
  bool is_global;
  /// Global ones: some path calls it, and it was walked by itself.
  bool called;
  bool verified;
  /// function_args.h: what it takes, once that was asked.
  bool has_arguments;
  uint8_t argument_count;
  FunctionArgument arguments[kMaxArguments];
};

/// A function that the kernel calls later, with a map, a key and a value.
struct AsyncCallback {
  uint32_t subprogram;
  const Map* map;
  bool inner;  // the map is one of those in a map of maps
  Async async;
  bool walked;
};

/// What the log has of the last instruction.
struct LoggedInsn {
  size_t end = 0;    // where its text ends, as the writer's wanted()
  size_t width = 0;  // of that line, its end included
  const LineInfo* line = nullptr;  // the last source line that was shown
};

/// The function that the program is attached to, by BTF (attach_target.h).
struct Target {
  const btf::Btf* btf = nullptr;
  const char* name = nullptr;
  btf::Type prototype{};
  /// Parameters that are no part of the context.
  uint8_t skipped = 0;
  bool known = false;
  /// Its arguments can be relied upon.
  bool trusted = false;
  bool iterator = false;
};

struct Verification : NonCopyable {
  Verification(isa::ConstInsns insns_in, Span<Map* const> maps_in,
               const Options& options_in, Allocator& allocator_in, Log& log_in,
               Stats& stats_in)
      : insns(insns_in),
        maps(maps_in),
        options(options_in),
        allocator(allocator_in),
        log(log_in),
        stats(stats_in),
        loops_done(allocator_in),
        async_callbacks(allocator_in) {}

  const isa::ConstInsns insns;
  const Span<Map* const> maps;
  const Options& options;
  Allocator& allocator;
  Log& log;
  Stats& stats;

  Span<InsnInfo> infos;          // one for each instruction
  Span<Subprogram> subprograms;  // by start; the first is the program
  Span<Relevant> relevance;      // one for each instruction, or empty
  Span<CallGraph> graph;         // one
  Target target;
  State* state = nullptr;
  IdMap* ids = nullptr;  // scratch memory of comparisons

  /// Where the walk is, where it came from, and where it goes next.
  uint32_t index = 0;
  uint32_t previous = 0;
  uint32_t next = 0;
  uint32_t jumps_walked = 0;
  uint32_t last_id = 0;

  /// By LoopState::loop and activation: whether all paths from its begin were
  /// walked.
  Vector<bool> loops_done;
  /// async_callback.h.
  Vector<AsyncCallback> async_callbacks;
  /// In the first of two attempts numbers that change in loops are soon taken
  /// for any number: after so many rounds.
  uint32_t widen_after = 0;
  /// The function that gives the program's result after a bpf_throw; 0: none.
  uint32_t exception_callback = 0;
  /// Some function but the first makes a tail call: the program goes on behind
  /// a run of another one.
  bool goes_on_behind_others = false;
  /// It calls what asks which program runs.
  bool asks_which_runs = false;
  /// The loop that the iterator is which begins at `index`.
  uint32_t loop_begun = 0;
  bool widened = false;

  /// The newest state that was kept on this path.
  ExploredState* parent = nullptr;
  /// Branches not walked yet, the newest first.
  PendingBranch* pending = nullptr;
  uint32_t pending_count = 0;
  /// Bytes of all saved states.
  size_t saved_bytes = 0;
  /// When a state was last kept.
  uint32_t insns_at_last_state = 0;
  uint32_t jumps_at_last_state = 0;
  uint32_t states_now = 0;
  /// For the log: the path was left for another one, or a function.
  bool log_state = false;
  /// For the log: what was read or written since the state was last shown.
  FrameMarks touched = FrameMarks::All();
  LoggedInsn logged;
  uint64_t start_time = 0;
  /// What the block for people is made of; null if nobody wants it.
  Record* record = nullptr;
  /// `index` is what is looked at; by the walk, with a state.
  bool placed = false;
  bool walking = false;

  InsnInfo& info() { return infos[index]; }
  uint32_t NewId() { return ++last_id; }

  /// From the instruction that was walked to `next`.
  void GoOn() {
    if (record != nullptr) {
      const uint32_t second = index + 1;
      const bool two_slots = second < infos.size() &&
                             (infos[second].flags & InsnInfo::kSecondSlot) != 0;
      if (next != second + (two_slots ? 1 : 0)) {
        record->path.Add(index, next);
      }
    }
    previous = index;
    index = next;
  }

  /// Writes `message` to the log; the errno that goes with it.
  template <typename... Args>
  Status Reject(Message message, const Args&... args) {
    if (log.enabled()) {
      const MessageArg list[] = {MessageArg(args)..., MessageArg(0)};
      const Span<const MessageArg> all(list, sizeof...(args));
      Write(log.writer(), message, all);
      if (record != nullptr) {
        record->Note(message, all);
      }
    }
    return StatusOf(message);
  }
};

/// kOk if register `number` holds something; it is read.
inline Status CheckReadable(Verification& v, unsigned number) {
  if (v.state->reg(number).type == RegType::kUninitialized) {
    return v.Reject(Message::kReadUninitialized, number);
  }
  return Status::kOk;
}

/// kOk unless `number` is the frame pointer; it is written.
inline Status CheckWritable(Verification& v, unsigned number) {
  if (number == isa::kFramePointer) {
    return v.Reject(Message::kFramePointerWritten);
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
