// SPDX-License-Identifier: MIT
//
// What the port's services need before the first use.
#pragma once

namespace ebpf::dragonos {

/// Prepares all that follow; 0 or -errno. Context: task, once.
int StartServices();

/// Looks where the kernel counts who keeps preemption off; without a place that
/// it can see, its functions are called. Context: task.
void FindPreemptionCounter();

/// Opens the kernel's symbol blob. Without a good one no symbol is found.
void OpenSymbols();

/// Starts the thread that runs deferred work. False if it cannot.
bool StartWorker();

}  // namespace ebpf::dragonos
