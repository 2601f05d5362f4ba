// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events syscalls:*.
#include "core/capi/ebpf_trace.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "core/tracepoints/events/syscall_events.h"
#include "core/tracepoints/events/syscall_functions.h"

namespace ebpf {
namespace {

SyscallNumbers ToNumbers(int numbers) {
  return numbers == EBPF_SYSCALLS_X86_64 ? SyscallNumbers::kX86_64
                                         : SyscallNumbers::kGeneric;
}

}  // namespace

extern "C" {

int ebpf_trace_syscalls_init(int numbers) {
  return -static_cast<int>(
      InitSyscallEvents(PortAllocator(), ToNumbers(numbers)));
}

int ebpf_trace_syscall_functions_init(int numbers, const char* prefix) {
  const int status = ebpf_trace_syscalls_init(numbers);
  if (status != 0) {
    return status;
  }
  const System* const system = RunningSystem();
  const Result<size_t> found = InitSyscallFunctions(
      system == nullptr ? nullptr : system->machine->registers, PortAllocator(),
      ToNumbers(numbers), prefix);
  if (!found.ok()) {
    ExitSyscallEvents();
    return -static_cast<int>(found.status());
  }
  return static_cast<int>(*found);
}

void ebpf_trace_syscalls_exit() {
  ExitSyscallFunctions();
  ExitSyscallEvents();
}

}  // extern "C"

}  // namespace ebpf
