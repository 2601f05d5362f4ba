// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for the plain kernel, where a tick is an
// executed instruction (what allocating takes depends on what was allocated
// before: these have some to spare).
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 5},
    {"bare_trap", 8},
    {"detour/stp", 131},
    {"detour/sub_sp", 131},
    {"detour/str", 131},
    {"detour/nop", 131},
    {"detour/mov_reg", 131},
    {"kprobe/adrp", 193},
    {"kprobe_other/cmp", 131},
    {"kprobe_other/interior_load", 131},
    {"kretprobe", 301},
    {"kprobe_program", 232},
    {"attach/median", 56770},
    {"attach/p99", 57120},
    {"detach/median", 34680},
    {"detach/p99", 34700},
    {"attach_1000", 17633000},
    {"detach_1000", 5214000},
    {"bytes_per_probe", 340},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
