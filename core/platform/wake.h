// SPDX-License-Identifier: MIT
//
// Waking who polls a file of ours. Tier T2.
#pragma once

extern "C" {

/// Wakes the tasks that poll `file` (the pointer that the port was given when
/// it made the file). Called through ebpf_port_defer only, never from a probe.
/// Default: nothing. Absent: readers of `trace_pipe`, perf buffers and rings
/// must poll again by themselves. Context: task.
void ebpf_port_wake(void* file);

}  // extern "C"
