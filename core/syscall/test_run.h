// SPDX-License-Identifier: MIT
//
// What BPF_PROG_TEST_RUN does for the types of programs that can be run with
// what a client gives: one function for each kind of context, and what they
// have in common.
#pragma once

#include "core/linux_abi/bpf.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/syscall/commands.h"

namespace ebpf {

/// One call of the command.
struct TestRun {
  const Call& call;
  const linux_abi::ProgTestRunAttr& attr;
  const Program& program;
};

/// What a run gives back.
struct TestRunResult {
  uint32_t retval = 0;
  uint32_t duration_ns = 0;  // of one run
};

// Each runs a program of its types, and writes to the client what came out.
// Context: task.
Status TestRunSkb(const TestRun& run);
Status TestRunXdp(const TestRun& run);
Status TestRunFlowDissector(const TestRun& run);
Status TestRunRawTracepoint(const TestRun& run);
Status TestRunSyscall(const TestRun& run);

/// Runs the program `attr.repeat` times with the context, at least once.
/// kInterrupted: a signal came, or that takes more than ten seconds.
/// `prepare(argument)` comes before each run.
Result<TestRunResult> RunRepeatedly(const TestRun& run, void* context,
                                    void (*prepare)(void*) = nullptr,
                                    void* argument = nullptr);

/// The client's context of at most `known.size()` bytes, with zeros behind it;
/// what is behind `known.size()` must be zero (kTooBig). kFault.
Status CopyContextIn(const TestRun& run, Bytes known);

/// How many bytes of its context the program accesses, where programs see it as
/// it is: up to the last one.
uint32_t ContextBytes(const Program& program);

/// Gives the client the program's result, and nothing else.
Status CopyRetvalOut(const TestRun& run, uint32_t retval);

/// Gives the client data, results and sizes. kNoSpace where its buffer is
/// smaller, with what fits in it, or with nothing where it is smaller than the
/// last `fragment_bytes` of `data`; kFault.
Status FinishTestRun(const TestRun& run, ConstBytes data,
                     const TestRunResult& result, size_t fragment_bytes = 0);

/// The same for the context, if the client wants it.
Status CopyContextOut(const TestRun& run, ConstBytes context);

}  // namespace ebpf
