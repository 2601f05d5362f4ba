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
    {"clock", 18},
    {"task", 25},
    {"function", 146},
    {"raw_program", 104},
    {"record_program", 393},
    {"trace_record", 235},
    {"filter/kept", 58},
    {"filtered_record", 293},
    {"perf_record", 311},
    {"perf_record/with_time", 372},
    {"key_switch/median", 3585},
    {"key_switch/p99", 3607},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
