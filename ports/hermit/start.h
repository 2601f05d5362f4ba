// SPDX-License-Identifier: MIT
//
// Tasks that the port starts.
#pragma once

#include <stdint.h>

namespace ebpf::hermit {

/// Starts a task on `cpu` that calls `function(0)`; false if the kernel has
/// none to give. Context: task.
bool StartTask(void (*function)(uintptr_t unused), uint8_t priority,
               uint32_t cpu);

/// Starts the one that does what other contexts leave to it; false if there is
/// none, and ebpf_port_defer then answers false. Context: task, once.
bool StartWorker();

}  // namespace ebpf::hermit
