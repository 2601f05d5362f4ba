// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for Alien, where a tick is an executed
// instruction. They have two to spare, and switching a key, which
// depends on what was allocated before, two fifths.
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 4},
    {"tracepoint_off", 1},
    {"key_off", 1},
    {"clock", 19},
    {"task", 76},
    {"function", 180},
    {"raw_program", 109},
    {"record_program", 559},
    {"trace_record", 295},
    {"filter/kept", 55},
    {"filtered_record", 356},
    {"perf_record", 376},
    {"perf_record/with_time", 501},
    {"key_switch/median", 7560},
    {"key_switch/p99", 7700},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
