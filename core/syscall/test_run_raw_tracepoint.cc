// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN for programs on raw tracepoints: once, with the arguments
// that the client gives.
#include "core/platform/cpu.h"
#include "core/syscall/test_run.h"

namespace ebpf {
namespace {

/// A tracepoint has so many arguments at most (MAX_BPF_FUNC_ARGS).
constexpr uint32_t kMaxArguments = 12;

struct Request {
  const Program& program;
  uint64_t arguments[kMaxArguments];
  uint32_t cpu;
  uint32_t retval;
};

void Run(void* argument) {
  Request& request = *static_cast<Request*>(argument);
  request.retval =
      static_cast<uint32_t>(request.program.Run(request.arguments));
}

/// kNoSuchDevice: there is no such CPU; kBusy: it does not come; kNotSupported:
/// it is another one, and the port cannot have it called.
Status RunOnCpu(Request& request) {
  if (request.cpu >= ebpf_port_cpu_count()) {
    return Status::kNoSuchDevice;
  }
  const uintptr_t preemption = ebpf_port_preempt_disable();
  const bool is_here = ebpf_port_cpu_id() == request.cpu;
  if (is_here) {
    Run(&request);
  }
  ebpf_port_preempt_enable(preemption);
  return is_here ? Status::kOk
                 : static_cast<Status>(
                       -ebpf_port_call_on_cpu(request.cpu, Run, &request));
}

}  // namespace

Status TestRunRawTracepoint(const TestRun& run) {
  const linux_abi::ProgTestRunAttr& attr = run.attr;
  const bool on_cpu = (attr.flags & linux_abi::kTestRunOnCpu) != 0;
  if (attr.data_in != 0 || attr.data_out != 0 || attr.ctx_out != 0 ||
      attr.duration != 0 || attr.repeat != 0 || attr.batch_size != 0 ||
      attr.ctx_size_in < ContextBytes(run.program) ||
      attr.ctx_size_in > sizeof(Request::arguments) ||
      (!on_cpu && attr.cpu != 0)) {
    return Status::kInvalid;
  }
  Request request = {run.program, {}, attr.cpu, 0};
  const Client& client = run.call.client;
  EBPF_TRY(client.CopyIn(request.arguments, client.Pointer(attr.ctx_in),
                         attr.ctx_size_in));
  if (on_cpu) {
    EBPF_TRY(RunOnCpu(request));
  } else {
    Run(&request);
  }
  return CopyRetvalOut(run, request.retval);
}

}  // namespace ebpf
