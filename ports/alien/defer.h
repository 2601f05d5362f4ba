// SPDX-License-Identifier: MIT
//
// Starts what core/platform/defer.h promises.
#pragma once

namespace ebpf::alien {

/// Creates the kernel thread; false if there is none, and ebpf_port_defer then
/// answers false. Context: task, once.
bool StartDeferWorker();

}  // namespace ebpf::alien
