// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for testing/benchmarks/traces.sh: times,
// which nothing depends on.
#include "testing/guest/bench/figures.h"

namespace guest::bench {

constinit const Method kMethod = {
    .batches = 40, .bounds = nullptr, .bound_count = 0};

}  // namespace guest::bench
