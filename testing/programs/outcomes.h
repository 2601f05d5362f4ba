// SPDX-License-Identifier: MIT
//
// What a program leaves behind for a test that runs it on several kernels: a
// list of numbers and texts in its global data, which must come out the same.
// Include it after libbpf's headers, and never write `outcomes` but by these.
#pragma once

struct outcome {
  __s64 result;
  __u64 value;
  char text[64];
};

#define OUTCOMES 256

struct outcome outcomes[OUTCOMES];
__u32 outcome_count;

// The next entry, for who has a text, or null.
static __always_inline struct outcome *next_outcome(void) {
  __u32 at = outcome_count;
  if (at >= OUTCOMES) {
    return 0;
  }
  outcome_count = at + 1;
  // Without it the compiler makes one index of several, which verifiers lose
  // sight of.
  asm volatile("%0 &= 255" : "+r"(at));
  return &outcomes[at];
}

static __always_inline void record(__s64 result, __u64 value) {
  struct outcome *outcome = next_outcome();
  if (outcome) {
    outcome->result = result;
    outcome->value = value;
  }
}
