// SPDX-License-Identifier: MIT
//
// The scene that shows how long functions take.
#pragma once

#include "testing/demo/scene.h"

namespace demo {

/// A kprobe and a kretprobe on each of the workload's functions: a histogram of
/// its times, which hold as many calls as there were. Context: task.
void ShowLatency(Scene& scene);

}  // namespace demo
