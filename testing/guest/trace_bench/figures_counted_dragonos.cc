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
    {"clock", 17},
    {"task", 17},
    {"function", 163},
    {"raw_program", 108},
    {"record_program", 413},
    {"trace_record", 262},
    {"filter/kept", 51},
    {"filtered_record", 318},
    {"perf_record", 326},
    {"perf_record/with_time", 406},
    {"key_switch/median", 3442},
    {"key_switch/p99", 3443},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
