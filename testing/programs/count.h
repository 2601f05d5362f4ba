// SPDX-License-Identifier: MIT
//
// What count.bpf.c and its readers share.
#pragma once

#define COUNT_SLOTS 64

// The map `calls`: hits on one CPU.
struct call_count {
  unsigned long long hits;
  unsigned long long sum_of_sizes;
};
