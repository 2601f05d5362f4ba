// SPDX-License-Identifier: MIT
//
// testing/guest/storm/cycles.h for run.sh.
#include "testing/guest/storm/cycles.h"

namespace guest::storm {

constinit const uint32_t kCycles = 1'000;

}  // namespace guest::storm
