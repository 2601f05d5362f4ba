// SPDX-License-Identifier: MIT
//
// Facts that are deliberately false, to show that the comparison sees what an
// engine makes of them.
#pragma once

#include <cstdint>

namespace ebpf::differential {

enum class FalseFact {
  kNone,  // all facts as the verifier wrote them
  kNoZeroExtension,
  kDivisorNonZero,
  kNeverReached,
  kAlwaysJumps,
  kNeverJumps,
};

struct FalseFactFigures {
  uint64_t programs = 0;  // that could be given such a fact
  uint64_t wrong = 0;     // computed something else
  uint64_t crashed = 0;
  uint64_t refused = 0;  // by the compiler, which sees that it cannot be

  uint64_t caught() const { return wrong + crashed + refused; }
};

/// Makes up to `count` programs from `seed`, gives each false facts of that
/// kind, and compares the compiler's with the interpreter's results, until ten
/// were caught.
FalseFactFigures CompareFalseFacts(FalseFact kind, uint64_t seed,
                                   uint64_t count);

}  // namespace ebpf::differential
