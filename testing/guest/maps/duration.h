// SPDX-License-Identifier: MIT
//
// How long the storm is: short in the ordinary tests, long for run.sh.
#pragma once

#include <stdint.h>

namespace guest::maps {

/// Operations on maps, by all CPUs together.
extern const uint64_t kOperations;

}  // namespace guest::maps
