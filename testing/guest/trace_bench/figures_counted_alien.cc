// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for Alien, where a tick is an executed
// instruction. They have a fiftieth to spare, and switching a key, which
// depends on what was allocated before, two fifths.
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 4},
    {"tracepoint_off", 1},
    {"key_off", 1},
    // Ten more than was counted, up to perf_record/with_time: FireWords keeps a
    // frame since, for samples, which was not counted yet.
    {"function", 176},
    {"raw_program", 128},
    {"record_program", 612},
    {"trace_record", 414},
    {"filter/kept", 290},
    {"filtered_record", 478},
    {"perf_record", 712},
    {"perf_record/with_time", 856},
    {"key_switch/median", 7560},
    {"key_switch/p99", 7700},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
