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
    {"function", 152},
    {"raw_program", 92},
    {"record_program", 357},
    {"trace_record", 200},
    {"filter/kept", 54},
    {"filtered_record", 254},
    {"perf_record", 278},
    {"perf_record/with_time", 338},
    {"key_switch/median", 3585},
    {"key_switch/p99", 3607},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
