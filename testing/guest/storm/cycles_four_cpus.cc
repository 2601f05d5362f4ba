// SPDX-License-Identifier: MIT
//
// testing/guest/storm/cycles.h for run.sh, at four CPUs.
#include "testing/guest/storm/cycles.h"

namespace guest::storm {

constinit const uint32_t kCycles = 500;

}  // namespace guest::storm
