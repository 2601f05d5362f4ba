// SPDX-License-Identifier: MIT
//
// core/tracepoints/filter_compiler.h's implementation.
#include "core/tracepoints/filter_compiler.h"

#include "core/base/assert.h"
#include "core/tracepoints/filter_term.h"

namespace ebpf {
namespace {

constexpr uint16_t kNoLink = 0xffff;

FilterError ErrorAt(FilterErrorKind kind, size_t position) {
  return {.kind = kind, .position = position};
}

/// The last '(' that nothing closes. Quotes have their matches.
size_t FindOpen(StringView text) {
  size_t closed = 0;
  for (size_t at = text.size(); at-- > 0;) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      do {
        --at;
      } while (text[at] != c);
    } else if (c == ')') {
      ++closed;
    } else if (c == '(' && closed-- == 0) {
      return at;
    }
  }
  return 0;
}

}  // namespace

FilterError MeasureFilter(StringView text, FilterSize* size) {
  size_t depth = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      const size_t length = text.Substring(at + 1).Find(c);
      if (at + 1 + length == text.size()) {
        return ErrorAt(FilterErrorKind::kMissingQuote, at);
      }
      at += length + 1;
    } else if (c == '(') {
      size->depth = Max(size->depth, ++depth);
    } else if (c == ')') {
      if (depth-- == 0) {
        return ErrorAt(FilterErrorKind::kTooFewOpen, at);
      }
    } else if (text.Substring(at).StartsWith("&&") ||
               text.Substring(at).StartsWith("||")) {
      ++size->terms;
      ++at;
    }
  }
  if (depth != 0) {
    return ErrorAt(FilterErrorKind::kTooManyOpen, FindOpen(text));
  }
  return {};
}

FilterError FilterCompiler::Compile() {
  level() = {};
  while ((at_ = SkipSpaces(text_, at_)) < text_.size()) {
    const FilterError error = wants_operand_ ? ReadOperand() : ReadOperator();
    if (error.kind != FilterErrorKind::kNone) {
      return error;
    }
  }
  if (wants_operand_) {
    return ErrorAt(term_count_ == 0 ? FilterErrorKind::kNoFilter
                                    : FilterErrorKind::kMeaningless,
                   text_.size());
  }
  EBPF_ASSERT(depth_ == 0 && term_count_ == terms_.size());
  const Part all = FinishLevel();
  Resolve(all.exits[0], EventFilter::kReject);
  Resolve(all.exits[1], EventFilter::kAccept);
  return {};
}

FilterError FilterCompiler::ReadOperand() {
  if (Take("!")) {
    inverted_ = !inverted_;
    return {};
  }
  if (Take("(")) {
    ++depth_;
    level() = {};
    level().inverts = inverted_;
    inverted_ = false;
    return {};
  }
  const char c = text_[at_];
  if (c == ')' || c == '&' || c == '|' || c == '"' || c == '\'') {
    return ErrorAt(FilterErrorKind::kMeaningless, at_);
  }
  FilterTerm& term = terms_[term_count_];
  const FilterError error = ReadFilterTerm(text_, fields_, &at_, &term);
  if (error.kind != FilterErrorKind::kNone) {
    return error;
  }
  const auto number = static_cast<uint16_t>(term_count_++);
  Part part;
  part.begin = number;
  for (unsigned holds = 0; holds < 2; ++holds) {
    const auto link = static_cast<uint16_t>(number * 2 + holds);
    term.exits[holds] = kNoLink;
    part.exits[inverted_ ? 1 - holds : holds] = {.first = link, .last = link};
  }
  inverted_ = false;
  Add(part);
  return {};
}

FilterError FilterCompiler::ReadOperator() {
  if (Take("&&")) {
    wants_operand_ = true;
    return {};
  }
  if (Take("||")) {
    Level& here = level();
    here.any_of = here.has_any_of ? Or(here.any_of, here.all_of) : here.all_of;
    here.has_any_of = true;
    here.has_all_of = false;
    wants_operand_ = true;
    return {};
  }
  if (Take(")")) {  // it has its match
    Part part = FinishLevel();
    if (level().inverts) {
      const Part::Exits held = part.exits[1];
      part.exits[1] = part.exits[0];
      part.exits[0] = held;
    }
    --depth_;
    Add(part);
    return {};
  }
  return ErrorAt(FilterErrorKind::kTooManyTerms, at_);
}

bool FilterCompiler::Take(StringView token) {
  const bool is_there = text_.Substring(at_).StartsWith(token);
  at_ += is_there ? token.size() : 0;
  return is_there;
}

void FilterCompiler::Add(Part part) {
  Level& here = level();
  here.all_of = here.has_all_of ? And(here.all_of, part) : part;
  here.has_all_of = true;
  wants_operand_ = false;
}

FilterCompiler::Part FilterCompiler::FinishLevel() {
  Level& here = level();
  return here.has_any_of ? Or(here.any_of, here.all_of) : here.all_of;
}

/// `a`, and where it leaves by `through`, `b`.
FilterCompiler::Part FilterCompiler::Chain(Part a, Part b, bool through) {
  Resolve(a.exits[through], b.begin);
  Part both;
  both.begin = a.begin;
  both.exits[through] = b.exits[through];
  both.exits[!through] = Join(a.exits[!through], b.exits[!through]);
  return both;
}

FilterCompiler::Part::Exits FilterCompiler::Join(Part::Exits a, Part::Exits b) {
  ExitOf(a.last) = b.first;
  return {.first = a.first, .last = b.last};
}

void FilterCompiler::Resolve(Part::Exits exits, uint16_t to) {
  for (uint16_t link = exits.first; link != kNoLink;) {
    uint16_t& exit = ExitOf(link);
    link = exit;
    exit = to;
  }
}

}  // namespace ebpf
