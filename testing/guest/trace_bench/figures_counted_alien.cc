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
    {"function", 166},
    {"raw_program", 118},
    {"record_program", 602},
    {"trace_record", 404},
    {"filter/kept", 290},
    {"filtered_record", 468},
    {"perf_record", 702},
    {"perf_record/with_time", 846},
    {"key_switch/median", 7560},
    {"key_switch/p99", 7700},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
