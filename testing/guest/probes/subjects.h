// SPDX-License-Identifier: MIT
//
// Functions to put probes on at every instruction, and to run then: what they
// give must not change. They depend on their arguments only.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// What a compiler makes of loops, calls, branches, division, tables.
uint64_t probed_arithmetic(uint64_t a, uint64_t b);
uint64_t probed_loop(uint64_t a, uint64_t b);
uint64_t probed_recursion(uint64_t a, uint64_t b);
uint64_t probed_memory(uint64_t a, uint64_t b);
uint64_t probed_branches(uint64_t a, uint64_t b);
uint64_t probed_pointers(uint64_t a, uint64_t b);

/// Instructions that a compiler seldom makes: relative to pc, writing sp, short
/// and long forms. One per CPU, in assembly.
uint64_t probed_oddities(uint64_t a, uint64_t b);
/// The shortest function.
uint64_t probed_nothing(uint64_t a, uint64_t b);

}  // extern "C"

namespace guest::probes {

struct Subject {
  const char* name;
  uint64_t (*function)(uint64_t a, uint64_t b);
};

inline constexpr Subject kSubjects[] = {
    {"probed_arithmetic", probed_arithmetic},
    {"probed_loop", probed_loop},
    {"probed_recursion", probed_recursion},
    {"probed_memory", probed_memory},
    {"probed_branches", probed_branches},
    {"probed_pointers", probed_pointers},
    {"probed_oddities", probed_oddities},
    {"probed_nothing", probed_nothing},
};

}  // namespace guest::probes
