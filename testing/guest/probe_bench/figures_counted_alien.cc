// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for Alien, where a tick is an executed
// instruction (what allocating takes depends on what was allocated before:
// these have some to spare).
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 5},
    {"bare_trap", 10},
    {"detour/addi_sp", 205},
    {"detour/c_addi_sp", 205},
    {"detour/c_addi16sp", 205},
    {"detour/nop", 205},
    {"detour/c_mv", 204},
    {"kprobe/auipc", 618},
    {"detour/c_sdsp", 205},
    {"kprobe_other/slli", 205},
    {"kprobe_other/interior_load", 205},
    {"kretprobe", 432},
    {"kprobe_program", 329},
    {"attach/median", 63560},
    {"attach/p99", 64680},
    {"detach/median", 13440},
    {"detach/p99", 13440},
    {"attach_1000", 67395860},
    {"detach_1000", 10707620},
    {"bytes_per_probe", 295},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
