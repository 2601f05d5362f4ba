// SPDX-License-Identifier: MIT
//
// eBPF on Hermit: the port, and core on top of it.
#include "ports/hermit/init.h"

#include "core/capi/ebpf.h"
#include "core/capi/ebpf_trace.h"
#include "machine/this_machine.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

extern "C" int ebpf_hermit_init(void) {
  const int started = ebpf_hermit_start_port();
  if (started != 0) {
    return started;
  }
  const ebpf_options options = {
      .cpu_features = ebpf::machine::ThisMachineFeatures(),
      .interpret = false,
      .blind_constants = false};
  const int status = ebpf_init(
      reinterpret_cast<const ebpf_machine*>(&ebpf::machine::ThisMachine()),
      &options);
  if (status == 0) {
    ebpf_hermit_tell_stack_end(&ebpf_task_exit);
  }
  return status;
}

extern "C" int ebpf_hermit_trace_syscalls(void) {
  return ebpf_trace_syscall_functions_init(ebpf::hermit::kSyscallNumbers,
                                           "sys_");
}
