// SPDX-License-Identifier: MIT
//
// testing/guest/maps/duration.h for run.sh.
#include "testing/guest/maps/duration.h"

namespace guest::maps {

constinit const uint64_t kOperations = 50'000'000;

}  // namespace guest::maps
