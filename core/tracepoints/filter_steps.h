// SPDX-License-Identifier: MIT
//
// What is evaluated of a filter: its terms as tests of a record's words.
//
// Numbers of any width, with or without a sign, and any comparison of them are
// one test. A comparison with a constant holds for the numbers from one to
// another, perhaps through the end of the numbers of that width and on from
// their beginning: for those whose distance from the first, in arithmetic of
// that width, is not above the last one's. This can be computed in the number's
// place in its word: `low` has zeros below it, so nothing is borrowed from it,
// and `mask` takes away the rest. That none of some bits is there is a distance
// from 0 that is not above 0; that some characters are there is one from them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/base/string_view.h"

namespace ebpf {

struct FilterTerm;

/// A test, and where to go on.
struct FilterStep {
  // In place of a distance.
  static constexpr int32_t kReject = 0;
  static constexpr int32_t kAccept = -1;
  // Whose exits these are: in this order they take an instruction less.
  static constexpr unsigned kWithin = 0;
  static constexpr unsigned kOutside = 1;

  /// Where to go on for a record that is as a filter's.
  int32_t ExitFor(const uint8_t* record) const {
    const auto value = LoadUnaligned<uint64_t>(
        __builtin_assume_aligned(record + word, sizeof(uint64_t)));
    return exits[((value - low) & mask) > width ? kOutside : kWithin];
  }

  uint64_t low;
  uint64_t mask;
  uint64_t width;
  // How many bytes further there is a step; negative: one that is no test, but
  // stands for a term, which holds or not; or an end.
  int32_t exits[2];
  uint16_t word;  // where in the record, a multiple of 8
  uint16_t term;  // which one it is of
};

/// How many steps `term` takes, and whether they are tests: the fields that
/// lie in a word, and texts of fixed fields beside short ones, or beginnings.
struct FilterStepCount {
  size_t steps;
  bool are_tests;
};
FilterStepCount CountFilterSteps(StringView text, const FilterTerm& term);

/// Writes the steps of `terms`, as many as were counted, and into each term
/// where its first one is. Context: any.
void MakeFilterSteps(StringView text, Span<FilterTerm> terms,
                     Span<FilterStep> steps);

/// How far in a record the tests of `terms`, whose steps were made, look.
uint32_t FilterReach(Span<const FilterTerm> terms);

}  // namespace ebpf
