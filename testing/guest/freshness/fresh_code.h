// SPDX-License-Identifier: MIT
//
// A function that returns a number which one aligned store into its code
// changes: one file per CPU.
#pragma once

#include <stdint.h>

/// Alone on its page. Returns the number that was stored last, 0 at first.
extern "C" uint32_t guest_fresh_code(void);

namespace guest::freshness {

/// What to store, and how far behind the beginning of guest_fresh_code, so that
/// it returns `number`, less than 65536.
struct Word {
  uint32_t bits;
  uint32_t offset;
};
Word WordFor(uint32_t number);

}  // namespace guest::freshness
