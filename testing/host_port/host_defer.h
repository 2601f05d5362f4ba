// SPDX-License-Identifier: MIT
//
// Deferred work on the host port: it waits until a test lets it run.
#pragma once

#include <stdint.h>

namespace ebpf {

/// Runs, in this thread, what was deferred up to now and meanwhile; how many
/// calls that was. Context: task.
uint64_t RunHostDeferred();

/// False: ebpf_port_defer refuses everything, as a port without it.
void SetHostDeferSupport(bool supported);

}  // namespace ebpf
