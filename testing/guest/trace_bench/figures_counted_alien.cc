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
    {"function", 174},
    {"raw_program", 117},
    {"record_program", 627},
    {"trace_record", 368},
    {"filter/kept", 100},
    {"filtered_record", 471},
    {"perf_record", 732},
    {"perf_record/with_time", 873},
    {"key_switch/median", 7560},
    {"key_switch/p99", 7700},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
