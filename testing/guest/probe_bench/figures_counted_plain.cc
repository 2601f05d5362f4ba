// SPDX-License-Identifier: MIT
//
// testing/guest/probe_bench/figures.h for the plain kernel, where a tick is an
// executed instruction (what allocating takes depends on what was allocated
// before: these have some to spare).
#include "testing/guest/probe_bench/figures.h"

namespace guest::probe_bench {
namespace {

constexpr Bound kBounds[] = {
    {"call", 5},
    {"bare_trap", 8},
    {"kprobe/stp", 283},
    {"kprobe/sub_sp", 270},
    {"kprobe/str", 279},
    {"kprobe/nop", 256},
    {"kprobe/mov_reg", 267},
    {"kprobe/adrp", 262},
    {"kprobe_other/cmp", 238},
    {"kprobe_other/interior_load", 238},
    {"kretprobe", 591},
    {"kprobe_program", 523},
    {"attach/median", 10618},
    {"attach/p99", 10618},
    {"detach/median", 3764},
    {"detach/p99", 3787},
    {"attach_1000", 10202775},
    {"detach_1000", 2755447},
    {"bytes_per_probe", 281},
};

}  // namespace

constinit const Method kMethod = {
    .batches = 1,
    .bounds = kBounds,
    .bound_count = sizeof kBounds / sizeof kBounds[0]};

}  // namespace guest::probe_bench
