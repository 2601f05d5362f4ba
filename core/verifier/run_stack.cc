// SPDX-License-Identifier: MIT
//
// In rounds over all calls, as call_chain.cc does: each settles one level more,
// and there are kMaxFrames at most.
#include "core/verifier/run_stack.h"

#include "core/base/bits.h"
#include "core/verifier/messages.h"

namespace ebpf::verifier {
namespace {

/// What is above a function's own stack: the most of all chains that lead to
/// it.
struct Above {
  uint32_t bytes;
  uint32_t calls;
  bool reaches_tail_call;
};

class Planner {
 public:
  Planner(const CallGraph& graph, Span<const RunFunction> functions,
          Span<Above> above)
      : graph_(graph), functions_(functions), above_(above) {}

  /// False if calls recur.
  bool Settle() {
    for (const RunFunction& function : functions_) {
      above_[function.number].reaches_tail_call = function.makes_tail_calls;
    }
    for (uint32_t round = 0; Round(); ++round) {
      if (round == kMaxFrames) {
        return false;
      }
    }
    return true;
  }

 private:
  bool Round() {
    bool news = false;
    const auto raise = [&](uint32_t& value, uint32_t least) {
      news = news || value < least;
      value = Max(value, least);
    };
    for (const RunFunction& caller : functions_) {
      Above& from = above_[caller.number];
      for (const RunFunction& callee : functions_) {
        if (!graph_.Has(caller.number, callee.number)) {
          continue;
        }
        Above& to = above_[callee.number];
        raise(to.bytes, from.bytes + caller.stack_bytes);
        raise(to.calls, from.calls + 1);
        news = news || (to.reaches_tail_call && !from.reaches_tail_call);
        from.reaches_tail_call |= to.reaches_tail_call;
      }
    }
    return news;
  }

  const CallGraph& graph_;
  const Span<const RunFunction> functions_;
  const Span<Above> above_;
};

Status Refuse(Log& log, Message message, uint32_t a, uint32_t b) {
  if (log.enabled()) {
    const MessageArg args[] = {a, b};
    Write(log.writer(), message, Span<const MessageArg>(args, 2));
  }
  return StatusOf(message);
}

Status CheckBytes(const RunFunction& function, const Above& above, Log& log) {
  const uint32_t bytes = above.bytes + function.stack_bytes;
  if (bytes > kMaxStackBytes) {
    return Refuse(log, Message::kStackTooLarge, above.calls + 1, bytes);
  }
  if (function.makes_tail_calls && above.bytes > kMaxTailCallStackBytes) {
    return Refuse(log, Message::kTailCallStack, above.bytes, 0);
  }
  return Status::kOk;
}

}  // namespace

Status PlanRunStack(const CallGraph& graph, Span<const RunFunction> functions,
                    Log& log, Allocator& allocator,
                    Buffer<ProgramFunction>& out) {
  Buffer<Above> above(allocator);
  EBPF_TRY(above.Allocate(kMaxSubprograms));
  if (!Planner(graph, functions, above.span()).Settle()) {
    return Status::kInvalid;  // was not verified
  }
  EBPF_TRY(out.Allocate(functions.size()));
  for (size_t i = 0; i < functions.size(); ++i) {
    const RunFunction& function = functions[i];
    const Above& there = above[function.number];
    EBPF_TRY(CheckBytes(function, there, log));
    out[i] = ProgramFunction{
        function.start, static_cast<uint16_t>(function.stack_bytes),
        static_cast<uint8_t>(there.calls), there.reaches_tail_call};
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
