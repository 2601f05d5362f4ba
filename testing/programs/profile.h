// SPDX-License-Identifier: MIT
//
// What profile.bpf.c and its readers share.
#pragma once

#define PROFILE_DEPTH 24
// Of two stacks that meet in one place the later one is lost: room enough that
// few do.
#define PROFILE_STACKS 8192

// The map `stacks`: return addresses, innermost first, zero behind the last.
struct profile_stack {
  unsigned long long frames[PROFILE_DEPTH];
};

// All of .bss: what became of the clock's ticks.
struct profile_totals {
  unsigned long long samples;
  unsigned long long lost;  // no stack, or no room for it
};
