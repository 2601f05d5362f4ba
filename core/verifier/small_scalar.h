// SPDX-License-Identifier: MIT
//
// Sets of small words and what the domain knows of them, for tests.
#pragma once

#include <random>
#include <stdint.h>
#include <vector>

#include "core/verifier/scalar.h"
#include "core/verifier/small_word.h"

namespace ebpf::verifier {

using Word4 = SmallWord<4>;
using Word2 = SmallWord<2>;
using Scalar4 = Scalar<Word4>;

/// Bit w stands for the word w.
using WordMask = uint16_t;

template <typename Set>
WordMask WordsOf(const Set& set) {
  WordMask words = 0;
  for (unsigned w = 0; w <= Word4::kMask; ++w) {
    if (set.Has(Word4(w))) {
      words = static_cast<WordMask>(words | (1u << w));
    }
  }
  return words;
}

/// The tightest Tnum and Range of a set that is not empty.
template <typename W>
WordSet<W> BestOf(const std::vector<W>& words) {
  WordSet<W> best = WordSet<W>::Constant(words.front());
  for (W word : words) {
    const W differ = (word ^ best.bits.value) | best.bits.mask;
    best.bits = {best.bits.value & ~differ, differ};
    best.range = {UMin(best.range.umin, word), UMax(best.range.umax, word),
                  SMin(best.range.smin, word), SMax(best.range.smax, word)};
  }
  return best;
}

inline Scalar4 BestOf(WordMask words) {
  std::vector<Word4> all;
  std::vector<Word2> low;
  for (unsigned w = 0; w <= Word4::kMask; ++w) {
    if ((words >> w) & 1) {
      all.push_back(Word4(w));
      low.push_back(WordOps<Word4>::Low(Word4(w)));
    }
  }
  const WordSet<Word4> best = BestOf(all);
  return {best.bits, best.range, BestOf(low).range};
}

/// Some thousand scalars: those of random sets and of random bounds and bits
/// (not tight, and sometimes contradictory).
inline std::vector<Scalar4> SampleScalars(unsigned count, unsigned seed) {
  std::mt19937 random(seed);
  auto word = [&] { return Word4(static_cast<unsigned>(random())); };
  auto half = [&] { return Word2(static_cast<unsigned>(random())); };
  std::vector<Scalar4> sample = {Scalar4::Unknown()};
  for (unsigned w = 0; w <= Word4::kMask; ++w) {
    sample.push_back(Scalar4::Constant(Word4(w)));
  }
  while (sample.size() < count) {
    Scalar4 scalar = Scalar4::Unknown();
    if (random() % 2 == 0) {
      WordMask words = static_cast<WordMask>(random());
      for (unsigned i = random() % 3; i > 0; --i) {
        words = static_cast<WordMask>(words & random());
      }
      if (words == 0) {
        continue;
      }
      scalar = BestOf(words);
    } else {
      if (random() % 2 == 0) {
        const Word4 mask = word();
        scalar.bits = {word() & ~mask, mask};
      }
      const Word4 a = word(), b = word(), c = word(), d = word();
      if (random() % 2 == 0) {
        scalar.wide.umin = UMin(a, b);
        scalar.wide.umax = UMax(a, b);
      }
      if (random() % 2 == 0) {
        scalar.wide.smin = SMin(c, d);
        scalar.wide.smax = SMax(c, d);
      }
      const Word2 e = half(), f = half(), g = half(), h = half();
      if (random() % 2 == 0) {
        scalar.low = {UMin(e, f), UMax(e, f), SMin(g, h), SMax(g, h)};
      }
    }
    sample.push_back(scalar);
  }
  return sample;
}

}  // namespace ebpf::verifier
