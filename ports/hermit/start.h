// SPDX-License-Identifier: MIT
//
// What start.cc has come up.
#pragma once

namespace ebpf::hermit {

/// Starts the task that does what other contexts leave to it; false if the
/// kernel has no task to give, and ebpf_port_defer then answers false. Context:
/// task, once.
bool StartWorker();

}  // namespace ebpf::hermit
