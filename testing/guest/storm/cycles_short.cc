// SPDX-License-Identifier: MIT
//
// testing/guest/storm/cycles.h for the ordinary tests.
#include "testing/guest/storm/cycles.h"

namespace guest::storm {

constinit const uint32_t kCycles = 200;

}  // namespace guest::storm
