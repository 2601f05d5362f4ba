// SPDX-License-Identifier: MIT
//
// From a filter's text to terms that say where to go on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/tracepoints/event_field.h"
#include "core/tracepoints/filter.h"

namespace ebpf {

/// What a filter takes: found before its terms are read.
struct FilterSize {
  size_t terms = 1;
  size_t depth = 0;  // of parentheses in each other
};

/// Counts that, and finds quotes and parentheses without a match.
/// Context: any.
FilterError MeasureFilter(StringView text, FilterSize* size);

/// Reads a filter in one pass. Each term goes on, when it holds and when it
/// does not, at a later term or at an end; until that is known, its exits are
/// links of a list. Parentheses are a stack of our own, as deep as the text has
/// them.
class FilterCompiler {
 public:
  /// An unfinished part: where it begins, and its exits of either kind.
  struct Part {
    struct Exits {
      uint16_t first;
      uint16_t last;
    };
    uint16_t begin;
    Exits exits[2];  // taken when it does not hold, and when it does
  };

  /// What is between two parentheses.
  struct Level {
    Part all_of;  // the terms joined by && since the last ||
    Part any_of;  // what was before that
    bool has_all_of;
    bool has_any_of;
    bool inverts;  // a ! stands before its '('
  };

  /// `text` was measured: there is room for as many terms, and for one level
  /// more than its depth.
  FilterCompiler(StringView text, Span<const EventField> fields,
                 Span<FilterTerm> terms, Span<Level> levels)
      : text_(text), fields_(fields), terms_(terms), levels_(levels) {}

  /// Fills all of `terms`, or tells what is wrong. Context: any.
  FilterError Compile();

 private:
  FilterError ReadOperand();
  FilterError ReadOperator();
  bool Take(StringView token);
  void Add(Part part);
  Part FinishLevel();

  Part And(Part a, Part b) { return Chain(a, b, true); }
  Part Or(Part a, Part b) { return Chain(a, b, false); }
  Part Chain(Part a, Part b, bool through);
  Part::Exits Join(Part::Exits a, Part::Exits b);
  void Resolve(Part::Exits exits, uint16_t to);
  uint16_t& ExitOf(uint16_t link) { return terms_[link / 2].exits[link % 2]; }

  Level& level() { return levels_[depth_]; }

  const StringView text_;
  const Span<const EventField> fields_;
  const Span<FilterTerm> terms_;
  const Span<Level> levels_;
  size_t at_ = 0;
  size_t term_count_ = 0;
  size_t depth_ = 0;
  bool inverted_ = false;  // by the ! before what comes now
  bool wants_operand_ = true;
};

}  // namespace ebpf
