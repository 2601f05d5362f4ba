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
    {"function", 160},
    {"raw_program", 78},
    {"record_program", 358},
    {"trace_record", 214},
    {"filter/kept", 52},
    {"filtered_record", 269},
    {"perf_record", 280},
    {"perf_record/with_time", 361},
    {"key_switch/median", 3442},
    {"key_switch/p99", 3443},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
