// SPDX-License-Identifier: MIT
//
// The running task's name, for helpers and the trace log.
#pragma once

#include <stddef.h>

namespace ebpf {

inline constexpr size_t kCommSize = 16;  // TASK_COMM_LEN

/// Writes the running task's name, zeros up to the end and at least one;
/// "task-<pid>" where the kernel has no names. Context: any.
void CurrentComm(char (&comm)[kCommSize]);

}  // namespace ebpf
