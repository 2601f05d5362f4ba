// SPDX-License-Identifier: MIT
//
// What Hermit calls of this port. The rest of what a kernel calls, bpf(2)
// among it, is core/capi/ebpf.h.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// Makes the port's services work, without eBPF on top: 0; -EEXIST if that was
/// done before; -EOPNOTSUPP on a kernel with several CPUs on AArch64, or
/// whose trap vectors cannot be replaced; -EBUSY if a CPU runs no new task;
/// -ENOENT without a symbol table; -ENOMEM. Context: task, once, before the
/// functions below.
int ebpf_hermit_start_port(void);

/// Brings eBPF up: ebpf_hermit_start_port and ebpf_init. 0, or a negative errno
/// of these. Context: task, once.
int ebpf_hermit_init(void);

/// Has the kernel's functions sys_* pass raw_syscalls:* and syscalls:* under
/// the names and numbers of Linux's calls: core/capi/ebpf_trace.h's
/// ebpf_trace_syscall_functions_init, which says what is returned and how to
/// end it. Context: task, behind ebpf_hermit_init.
int ebpf_hermit_trace_syscalls(void);

#ifdef __cplusplus
}  // extern "C"
#endif
