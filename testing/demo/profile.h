// SPDX-License-Identifier: MIT
//
// The scene that shows where time goes.
#pragma once

#include "testing/demo/scene.h"

namespace demo {

/// A program at this CPU's clock counts kernel stacks while functions spend
/// half of the time, three tenths and two tenths of it: folded and drawn, they
/// say the same. Context: task.
void ShowProfile(Scene& scene);

}  // namespace demo
