// SPDX-License-Identifier: MIT
//
// What profile.bpf.c and its readers share.
#pragma once

#define PROFILE_DEPTH 24
#define PROFILE_STACKS 512

// The map `stacks`: return addresses, innermost first, zero behind the last.
struct profile_stack {
  unsigned long long frames[PROFILE_DEPTH];
};

// All of .bss: what became of the clock's ticks.
struct profile_totals {
  unsigned long long samples;
  unsigned long long lost;  // no stack, or no room for it
};
