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
    {"kprobe/addi_sp", 698},
    {"kprobe/c_addi_sp", 698},
    {"kprobe/c_addi16sp", 698},
    {"kprobe/nop", 724},
    {"kprobe/c_mv", 731},
    {"kprobe/auipc", 724},
    {"kprobe/c_sdsp", 746},
    {"kprobe_other/slli", 698},
    {"kprobe_other/interior_load", 698},
    {"kretprobe", 1164},
    {"kprobe_program", 1059},
    {"attach/median", 76721},
    {"attach/p99", 76861},
    {"detach/median", 61181},
    {"detach/p99", 62161},
    {"attach_1000", 30922081},
    {"detach_1000", 8033761},
    {"bytes_per_probe", 295},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::probe_bench
