// SPDX-License-Identifier: MIT
//
// The main job, shown and checked: programs built by clang are loaded into a
// live kernel through bpf(2), events come out, and everything goes away again.
#pragma once

#include "testing/demo/environment.h"

namespace demo {

/// Runs the demo and prints what a person wants to see, and one line
/// `[TEST] OK name` or `[TEST] FAIL name reason` for each thing it checked.
/// False if a check failed. Context: task, interrupts on.
bool Run(const Environment& environment);

}  // namespace demo
