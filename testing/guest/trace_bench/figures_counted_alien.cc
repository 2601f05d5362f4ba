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
    {"function", 179},
    {"raw_program", 192},
    {"record_program", 855},
    {"trace_record", 597},
    {"filter/kept", 503},
    {"filtered_record", 1058},
    {"perf_record", 2021},
    {"perf_record/with_time", 2245},
    {"key_switch/median", 7560},
    {"key_switch/p99", 7700},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
