// SPDX-License-Identifier: MIT
//
// The loop without an observer.
#include "core/interpreter/execute.h"

#include "core/interpreter/loop.h"

namespace ebpf::interpreter {

uint64_t Execute(const Step* first, const uint64_t (&args)[5],
                 uint64_t stack_top, RunContext& run) {
  NoObserver nobody;
  return Loop(first, args, stack_top, run, nobody);
}

}  // namespace ebpf::interpreter
