// SPDX-License-Identifier: MIT
//
// The copy that survives a bad address, and how the fault hook knows it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ports/alien/kernel.h"

namespace ebpf::alien {

/// If a load of the copy faulted: sends `frame` to its failing end and returns
/// true. Context: trap.
bool FixUpCopy(alien_ktrap_frame& frame);

}  // namespace ebpf::alien
