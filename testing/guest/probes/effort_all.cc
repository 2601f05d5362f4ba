// SPDX-License-Identifier: MIT
//
// testing/guest/probes/effort.h for run.sh.
#include "testing/guest/probes/effort.h"

namespace guest::probes {

constinit const Effort kEffort = {.patience_ns = 3'000'000'000,
                                  .load_attaches = true,
                                  .each_function = 1,
                                  .each_alone = 1,
                                  .functions = 200,
                                  .run = 30,
                                  .hit = 15,
                                  .alone_hit = 95};

}  // namespace guest::probes
