// SPDX-License-Identifier: MIT
//
// The task that does what other contexts leave to it: deferred work, and log
// lines written where the console cannot be locked.
#pragma once

namespace ebpf::hermit {

/// Starts it; false if the kernel has no task to give, and ebpf_port_defer then
/// answers false. Context: task, once.
bool StartWorker();

}  // namespace ebpf::hermit
