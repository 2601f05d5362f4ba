// SPDX-License-Identifier: MIT
//
// What latency.bpf.c and its readers share.
#pragma once

#define LATENCY_SLOTS 64

// The map `latency`: how many calls of `function` (its address) took
// [2^slot, 2^(slot + 1)) ns; slot 0 also counts 0.
struct latency_key {
  unsigned long long function;
  unsigned long long slot;
};

// All of .bss: what became of calls.
struct latency_totals {
  unsigned long long entered;
  unsigned long long returned;
  unsigned long long unmatched;  // returns of calls that nobody saw begin
  unsigned long long lost;       // for want of room in a map
};
