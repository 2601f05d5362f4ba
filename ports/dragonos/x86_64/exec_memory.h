// SPDX-License-Identifier: MIT
//
// Executable memory, as what writes it sees it.
#pragma once

#include "core/platform/exec_runs.h"

namespace ebpf::dragonos {

extern ExecRuns exec_memory;

}  // namespace ebpf::dragonos
