// SPDX-License-Identifier: MIT
//
// perf_event_open(2), for kprobes.
#pragma once

#include <stdint.h>

#include "core/files/client.h"

namespace ebpf {

/// The system call: a descriptor, or a negative errno. Types of event that are
/// not there get -ENOENT, as in Linux. Context: task, interrupts on.
int64_t PerfEventOpen(Client& client, CallerPtr attr, int32_t pid, int32_t cpu,
                      int32_t group_fd, uint64_t flags);

}  // namespace ebpf
