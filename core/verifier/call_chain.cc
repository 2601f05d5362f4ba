// SPDX-License-Identifier: MIT
//
// The deepest chain from each function is found as shortest paths are: in
// rounds, each of which looks at all calls and allows chains of one more. Calls
// that recur never come to rest, and are too deep.
#include "core/verifier/call_chain.h"

#include "core/base/bits.h"
#include "core/helpers/prototype.h"
#include "core/verifier/arena.h"
#include "core/verifier/fast_call.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

/// What a frame counts: Linux's compilers align it to 16.
constexpr uint32_t Rounded(uint32_t depth) {
  return AlignUp<uint32_t>(depth, 16);
}

struct Chain {
  uint32_t bytes;   // of the function and the deepest below it
  uint32_t frames;  // of that chain
};

/// Whether nobody calls the function but the kernel, on a stack of its own.
bool IsOnlyAsync(const Verification& v, uint32_t subprogram) {
  const Subprogram& function = v.subprograms[subprogram];
  return function.is_async && !function.is_called;
}

/// Bytes of the deepest chain that leads to each function: looks at all calls
/// once; whether one grew.
bool RoundFromTop(Verification& v, Span<uint32_t> above) {
  bool grew = false;
  const uint32_t count = static_cast<uint32_t>(above.size());
  v.graph[0].ForEach(count, [&](uint32_t caller, uint32_t callee) {
    if (IsOnlyAsync(v, callee)) {
      return;
    }
    const uint32_t bytes = above[caller] + Rounded(StackOf(v, caller));
    grew = grew || bytes > above[callee];
    above[callee] = Max(above[callee], bytes);
  });
  return grew;
}

/// Whether the callers of functions that make tail calls leave enough.
Status CheckTailCalls(Verification& v, Span<uint32_t> above) {
  while (RoundFromTop(v, above)) {
  }
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    if (!DecodeAt(v, i, insn) || insn.op != isa::Op::kCallHelper ||
        insn.imm != helper_id::tail_call) {
      continue;
    }
    const uint32_t bytes = above[SubprogramOf(v, i)];
    if (bytes >= kMaxTailCallStackBytes) {
      return v.Reject(Message::kTailCallStack, bytes);
    }
  }
  return Status::kOk;
}

/// Looks at all calls once; whether a chain grew.
bool Round(Verification& v, Span<Chain> chains) {
  bool grew = false;
  const uint32_t count = static_cast<uint32_t>(chains.size());
  v.graph[0].ForEach(count, [&](uint32_t caller, uint32_t callee) {
    if (IsOnlyAsync(v, callee)) {
      return;
    }
    const uint32_t bytes = Rounded(StackOf(v, caller)) + chains[callee].bytes;
    if (bytes > chains[caller].bytes) {
      chains[caller].bytes = bytes;
      grew = true;
    }
    if (chains[callee].frames + 1 > chains[caller].frames) {
      chains[caller].frames = chains[callee].frames + 1;
      grew = true;
    }
  });
  return grew;
}

Status Check(Verification& v, Span<Chain> chains) {
  for (uint32_t i = 0; i < chains.size(); ++i) {
    chains[i] = Chain{Rounded(StackOf(v, i)), 1};
  }
  // Each round settles at least one more level; recursion settles never.
  uint32_t rounds = 0;
  while (chains.size() > 1 && Round(v, chains)) {
    if (++rounds > kMaxFrames) {
      return v.Reject(Message::kChainTooDeep, kMaxFrames);
    }
  }
  v.stats.stack_depth = chains[0].bytes;
  for (uint32_t i = 0; i < chains.size(); ++i) {
    if (i != 0 && !v.subprograms[i].is_async) {
      continue;
    }
    if (chains[i].frames > kMaxFrames) {
      return v.Reject(Message::kChainTooDeep, kMaxFrames);
    }
    if (chains[i].bytes > kMaxStackBytes) {
      return v.Reject(Message::kStackTooLarge, chains[i].frames,
                      chains[i].bytes);
    }
  }
  return Status::kOk;
}

}  // namespace

void FindCalls(Verification& v) {
  if (v.subprograms.size() == 1) {
    return;
  }
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    if ((v.infos[i].flags & InsnInfo::kSecondSlot) == 0 &&
        DecodeInsn(v.insns, i, insn) == isa::DecodeError::kNone &&
        (insn.op == isa::Op::kCallSubprogram ||
         insn.op == isa::Op::kLoadFunc)) {
      const uint32_t callee = static_cast<uint32_t>(TargetOf(i, insn));
      v.graph[0].Add(SubprogramOf(v, i), SubprogramOf(v, callee));
      if (insn.op == isa::Op::kCallSubprogram) {
        v.subprograms[SubprogramOf(v, callee)].is_called = true;
      }
    }
  }
}

void GrowStack(Verification& v, Frame& frame, uint32_t bytes) {
  const uint32_t slots = (bytes + kSlotSize - 1) / kSlotSize;
  if (slots <= frame.slot_count) {
    return;
  }
  frame.GrowTo(slots);
  uint32_t& depth = v.subprograms[frame.subprogram].stack_depth;
  depth = Max(depth, slots * kSlotSize);
}

Status CheckCallChains(Verification& v) {
  Span<Chain> chains =
      EBPF_TRY(v.allocator.NewArray<Chain>(v.subprograms.size()));
  const Status status = Check(v, chains);
  v.allocator.DeleteArray(chains);
  EBPF_TRY(status);
  if (v.subprograms.size() == 1) {
    return Status::kOk;
  }
  // No calls recur, so this comes to rest, too.
  Span<uint32_t> above =
      EBPF_TRY(v.allocator.NewArray<uint32_t>(v.subprograms.size()));
  const Status tail_calls = CheckTailCalls(v, above);
  v.allocator.DeleteArray(above);
  return tail_calls;
}

}  // namespace ebpf::verifier
