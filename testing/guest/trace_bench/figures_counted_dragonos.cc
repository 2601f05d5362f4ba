// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for DragonOS, where a tick is an executed
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
    {"function", 161},
    {"raw_program", 119},
    {"record_program", 422},
    {"trace_record", 304},
    {"filter/kept", 265},
    {"filtered_record", 379},
    {"perf_record", 588},
    {"perf_record/with_time", 677},
    {"key_switch/median", 3442},
    {"key_switch/p99", 3443},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
