// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for the plain kernel, where a tick is an
// executed instruction. They have two to spare, and switching a key,
// which depends on what was allocated before, two fifths.
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 4},
    {"tracepoint_off", 1},
    {"key_off", 1},
    {"function", 148},
    {"raw_program", 105},
    {"record_program", 409},
    {"trace_record", 260},
    {"filter/kept", 90},
    {"filtered_record", 346},
    {"perf_record", 553},
    {"perf_record/with_time", 628},
    {"key_switch/median", 3585},
    {"key_switch/p99", 3607},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
