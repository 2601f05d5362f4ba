// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for DragonOS, where a tick is an executed
// instruction. They have two to spare, and switching a key, which
// depends on what was allocated before, two fifths.
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 4},
    {"tracepoint_off", 1},
    {"key_off", 1},
    {"function", 166},
    {"raw_program", 110},
    {"record_program", 446},
    {"trace_record", 292},
    {"filter/kept", 76},
    {"filtered_record", 366},
    {"perf_record", 605},
    {"perf_record/with_time", 692},
    {"key_switch/median", 3442},
    {"key_switch/p99", 3443},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
