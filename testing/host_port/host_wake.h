// SPDX-License-Identifier: MIT
//
// Whom the host port was told to wake.
#pragma once

#include <stdint.h>

namespace ebpf {

/// How often ebpf_port_wake was called for `file` since the last clear.
uint64_t HostWakeCount(const void* file);
void ClearHostWakes();

}  // namespace ebpf
