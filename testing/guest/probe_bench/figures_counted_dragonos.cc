// SPDX-License-Identifier: MIT
//
// testing/guest/probe_bench/figures.h for DragonOS, where a tick is an executed
// instruction (what allocating takes depends on what was allocated before:
// these have some to spare).
#include "testing/guest/probe_bench/figures.h"

namespace guest::probe_bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 5},
    {"bare_trap", 3},
    {"kprobe/push_rbp", 202},
    {"kprobe/endbr64", 188},
    {"detour/sub_rsp", 163},
    {"kprobe/push_r15", 202},
    {"kprobe/nopl", 188},
    {"kprobe/mov_reg", 218},
    {"detour/prologue", 163},
    {"kprobe_other/xor", 177},
    {"kprobe_other/interior_load", 177},
    {"kretprobe", 512},
    {"kprobe_program", 329},
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

}  // namespace guest::probe_bench
