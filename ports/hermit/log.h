// SPDX-License-Identifier: MIT
//
// Log lines on their way to Hermit's console.
#pragma once

namespace ebpf::hermit {

/// Writes what ebpf_port_log has put aside. Context: task, interrupts on.
void DrainLog();

}  // namespace ebpf::hermit
