// SPDX-License-Identifier: MIT
//
// The tests of core/platform's contract, which every port passes.
#pragma once

#include "testing/port_contract/environment.h"

namespace ebpf::port_contract {

/// Runs every case; what a port does not have is skipped. Context: task.
void RunContract(Environment& environment);

}  // namespace ebpf::port_contract
