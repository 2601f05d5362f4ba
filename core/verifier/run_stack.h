// SPDX-License-Identifier: MIT
//
// Where a program's functions stand in its chains of calls, and whether a run
// has stack for the longest.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/verifier/call_graph.h"
#include "core/verifier/log.h"

namespace ebpf::verifier {

/// A function of a program that is to run.
struct RunFunction {
  uint32_t start;
  uint32_t stack_bytes;
  uint32_t number;  // in the call graph
  bool makes_tail_calls;
};

/// Makes `out` of `functions`, which are by number, and of what `graph` says of
/// them. kAccess, with the reason in `log`: the stacks of a chain of calls are
/// larger than kMaxStackBytes, or those above one that makes tail calls than
/// kMaxTailCallStackBytes. kInvalid: calls recur. kNoMemory. Context: task.
Status PlanRunStack(const CallGraph& graph, Span<const RunFunction> functions,
                    Log& log, Allocator& allocator,
                    Buffer<ProgramFunction>& out);

}  // namespace ebpf::verifier
