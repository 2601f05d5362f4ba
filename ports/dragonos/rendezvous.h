// SPDX-License-Identifier: MIT
//
// Whether the other CPUs stand still now.
#pragma once

namespace ebpf::dragonos {

/// True inside the function that ebpf_port_stop_machine runs, on its CPU.
bool InRendezvous();

}  // namespace ebpf::dragonos
