// SPDX-License-Identifier: MIT
//
// testing/guest/probes/effort.h for the ordinary tests.
#include "testing/guest/probes/effort.h"

namespace guest::probes {

constinit const Effort kEffort = {.patience_ns = 10'000'000,
                                  .load_attaches = false,
                                  .each_function = 3,
                                  .each_alone = 50,
                                  .functions = 150,
                                  .run = 5,
                                  .hit = 1,
                                  .alone_hit = 10};

}  // namespace guest::probes
