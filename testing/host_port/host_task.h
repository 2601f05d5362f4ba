// SPDX-License-Identifier: MIT
//
// The running task and the files it polls, as the host port pretends them.
#pragma once

#include <stdint.h>

namespace ebpf {

/// This thread's ids and name; null: the kernel has no names. At first 1, 1
/// and "host". `comm` must outlive its use.
void SetHostTask(uint32_t pid, uint32_t tgid, const char* comm);

/// How often ebpf_port_wake was called for `file` since the last clear.
uint64_t HostWakeCount(const void* file);
void ClearHostWakes();

}  // namespace ebpf
