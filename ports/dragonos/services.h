// SPDX-License-Identifier: MIT
//
// What the port's services need before the first use.
#pragma once

namespace ebpf::dragonos {

/// Prepares all that follow; 0 or -errno. Context: task, once.
int StartServices();

/// Starts the thread that runs deferred work. False if it cannot.
bool StartWorker();

}  // namespace ebpf::dragonos
