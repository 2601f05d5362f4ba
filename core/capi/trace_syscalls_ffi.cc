// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events syscalls:*.
#include "core/capi/ebpf_trace.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/events/syscall_events.h"

extern "C" {

int ebpf_trace_syscalls_init(int numbers) {
  const auto whose = numbers == EBPF_SYSCALLS_X86_64
                         ? ebpf::SyscallNumbers::kX86_64
                         : ebpf::SyscallNumbers::kGeneric;
  return -static_cast<int>(
      ebpf::InitSyscallEvents(ebpf::PortAllocator(), whose));
}

void ebpf_trace_syscalls_exit() { ebpf::ExitSyscallEvents(); }

}  // extern "C"
