// SPDX-License-Identifier: MIT
//
// testing/guest/probe_bench/figures.h for Alien, where a tick is an executed
// instruction (what allocating takes depends on what was allocated before:
// these have some to spare).
#include "testing/guest/probe_bench/figures.h"

namespace guest::probe_bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 5},
    {"bare_trap", 10},
    {"kprobe/addi_sp", 1076},
    {"kprobe/c_addi_sp", 1076},
    {"kprobe/c_addi16sp", 1076},
    {"kprobe/nop", 1105},
    {"kprobe/c_mv", 1112},
    {"kprobe/auipc", 1105},
    {"kprobe/c_sdsp", 1127},
    {"kprobe_other/slli", 1076},
    {"kprobe_other/interior_load", 1076},
    {"kretprobe", 1542},
    {"kprobe_program", 1437},
    {"attach/median", 74061},
    {"attach/p99", 75181},
    {"detach/median", 62161},
    {"detach/p99", 62161},
    {"attach_1000", 30854181},
    {"detach_1000", 8041461},
    {"bytes_per_probe", 293},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::probe_bench
