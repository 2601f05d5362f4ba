// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h for DragonOS, where a tick is an executed
// instruction (what allocating takes depends on what was allocated before:
// these have some to spare).
#include "testing/guest/bench/figures.h"

namespace guest::bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 5},
    {"bare_trap", 3},
    {"kprobe/push_rbp", 184},
    {"kprobe/endbr64", 170},
    {"detour/sub_rsp", 143},
    {"kprobe/push_r15", 184},
    {"kprobe/nopl", 170},
    {"kprobe/mov_reg", 200},
    {"detour/prologue", 143},
    {"kprobe_other/xor", 159},
    {"kprobe_other/interior_load", 159},
    {"kretprobe", 372},
    {"kprobe_program", 279},
    {"attach/median", 44140},
    {"attach/p99", 44140},
    {"detach/median", 30480},
    {"detach/p99", 30480},
    {"attach_1000", 14130000},
    {"detach_1000", 4393000},
    {"bytes_per_probe", 341},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::bench
