// SPDX-License-Identifier: MIT
//
// testing/guest/maps/duration.h for the ordinary tests.
#include "testing/guest/maps/duration.h"

namespace guest::maps {

constinit const uint64_t kOperations = 1'000'000;

}  // namespace guest::maps
