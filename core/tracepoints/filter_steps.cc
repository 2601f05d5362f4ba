// SPDX-License-Identifier: MIT
//
// core/tracepoints/filter_steps.h's implementation.
#include "core/tracepoints/filter_steps.h"

#include "core/base/bits.h"
#include "core/tracepoints/filter.h"

namespace ebpf {
namespace {

using Operator = FilterTerm::Operator;

constexpr size_t kWord = sizeof(uint64_t);

static_assert(kLittleEndian, "words are tested as they lie in memory");

/// A text is compared in as many; with a longer one, as a term.
constexpr size_t kMaxTextSteps = 4;

/// What a field's first characters are compared with.
struct Characters {
  size_t size;       // of what is compared, a zero at the end included
  bool is_possible;  // there is room for it in the field
  bool is_plain;     // it can be compared so
};

bool IsPlain(StringView text, bool is_glob) {
  for (const char c : text) {
    if (c == '\0' ||
        (is_glob && (c == '*' || c == '?' || c == '[' || c == '\\'))) {
      return false;
    }
  }
  return true;
}

Characters CharactersOf(StringView text, const FilterTerm& term) {
  StringView wanted = text.Substring(term.text).First(term.text_size);
  const bool is_glob = term.op == Operator::kGlob;
  const bool is_beginning = is_glob && wanted.EndsWith("*");
  if (is_beginning) {
    wanted = wanted.First(wanted.size() - 1);
  }
  Characters characters;
  characters.is_plain = IsPlain(wanted, is_glob) && term.size != 0;
  characters.is_possible = wanted.size() <= term.size;
  const bool ends = !is_beginning && wanted.size() < term.size;
  characters.size = wanted.size() + (ends ? 1 : 0);
  return characters;
}

size_t WordsOf(size_t offset, size_t size) {
  return size == 0 ? 1 : (offset % kWord + size + kWord - 1) / kWord;
}

constexpr FilterStep kAlways = {
    .low = 0, .mask = 0, .width = 0, .exits = {}, .word = 0, .term = 0};

/// The test of a number, and whether the term holds where the test does.
struct NumberTest {
  FilterStep step;
  bool holds;
};

NumberTest TestOf(const FilterTerm& term) {
  const unsigned shift = term.offset % kWord * 8;
  const uint64_t all = ~uint64_t{0} >> (64 - 8 * term.size);
  const uint64_t lowest = term.is_signed ? (all >> 1) + 1 : 0;
  const uint64_t highest = (lowest - 1) & all;
  const uint64_t number = term.number & all;
  uint64_t first = number;
  uint64_t last = number;
  uint64_t mask = all;
  bool holds = true;
  switch (term.op) {
    case Operator::kEqual:
    case Operator::kGlob:  // of no number
      break;
    case Operator::kNotEqual:
      holds = false;
      break;
    case Operator::kLess:  // is not: from the number on
      last = highest;
      holds = false;
      break;
    case Operator::kLessOrEqual:
      first = lowest;
      break;
    case Operator::kGreater:
      first = lowest;
      holds = false;
      break;
    case Operator::kGreaterOrEqual:
      last = highest;
      break;
    case Operator::kMask:
      first = last = 0;
      mask = number;
      holds = false;
      break;
  }
  FilterStep step = kAlways;
  step.low = first << shift;
  step.mask = mask << shift;
  step.width = ((last - first) & all) << shift;
  step.word = static_cast<uint16_t>(AlignDown<size_t>(term.offset, kWord));
  return {step, holds};
}

/// The test of what of `wanted`, and of the zero behind it, is in the word at
/// `word`; the first character is at `offset`.
FilterStep TestOf(StringView wanted, size_t offset, size_t size, size_t word) {
  FilterStep step = kAlways;
  step.word = static_cast<uint16_t>(word);
  for (size_t i = 0; i < kWord; ++i) {
    const size_t at = word + i;
    if (at < offset || at >= offset + size) {
      continue;
    }
    const size_t index = at - offset;
    const uint8_t c =
        index < wanted.size() ? static_cast<uint8_t>(wanted[index]) : 0;
    step.low |= uint64_t{c} << (8 * i);
    step.mask |= uint64_t{0xff} << (8 * i);
  }
  return step;
}

/// Writes steps, one behind the other.
class StepWriter {
 public:
  StepWriter(StringView text, Span<const FilterTerm> terms,
             Span<FilterStep> steps)
      : text_(text), terms_(terms), steps_(steps) {}

  void Write(uint16_t number) {
    const FilterTerm& term = terms_[number];
    number_ = number;
    if (!term.is_tested) {
      Put(kAlways, To(term.exits[0]), To(term.exits[1]));
    } else if (term.kind == FieldKind::kInteger) {
      const NumberTest test = TestOf(term);
      Put(test.step, To(term.exits[test.holds ? 0 : 1]),
          To(term.exits[test.holds ? 1 : 0]));
    } else {
      WriteText(term);
    }
  }

 private:
  void WriteText(const FilterTerm& term) {
    const Characters characters = CharactersOf(text_, term);
    const bool holds = term.op != Operator::kNotEqual;
    const Target same = To(term.exits[holds ? 1 : 0]);
    const Target other = To(term.exits[holds ? 0 : 1]);
    if (!characters.is_possible) {
      Put(kAlways, other, other);
      return;
    }
    const StringView wanted = text_.Substring(term.text).First(
        Min<size_t>(term.text_size, characters.size));
    const size_t first = AlignDown<size_t>(term.offset, kWord);
    const size_t count = WordsOf(term.offset, characters.size);
    for (size_t i = 0; i < count; ++i) {
      const Target next = {.is_step = true, .is_test = true, .step = at_ + 1};
      Put(TestOf(wanted, term.offset, characters.size, first + i * kWord),
          other, i + 1 == count ? same : next);
    }
  }

  struct Target {
    bool is_step = false;
    bool is_test = false;
    size_t step = 0;
    int32_t end = FilterStep::kReject;
  };

  Target To(uint16_t exit) const {
    if (exit == EventFilter::kReject || exit == EventFilter::kAccept) {
      return {.end = exit == EventFilter::kAccept ? FilterStep::kAccept
                                                  : FilterStep::kReject};
    }
    const FilterTerm& term = terms_[exit];
    return {.is_step = true, .is_test = term.is_tested, .step = term.step};
  }

  int32_t ExitTo(const Target& target) const {
    if (!target.is_step) {
      return target.end;
    }
    const auto distance =
        static_cast<int32_t>((target.step - at_) * sizeof(FilterStep));
    return target.is_test ? distance : -distance;
  }

  void Put(FilterStep step, const Target& outside, const Target& within) {
    step.term = number_;
    step.exits[FilterStep::kOutside] = ExitTo(outside);
    step.exits[FilterStep::kWithin] = ExitTo(within);
    steps_[at_++] = step;
  }

  const StringView text_;
  const Span<const FilterTerm> terms_;
  const Span<FilterStep> steps_;
  size_t at_ = 0;
  uint16_t number_ = 0;
};

}  // namespace

FilterStepCount CountFilterSteps(StringView text, const FilterTerm& term) {
  constexpr FilterStepCount kNoTests = {.steps = 1, .are_tests = false};
  if (term.kind == FieldKind::kInteger) {
    return {.steps = 1, .are_tests = WordsOf(term.offset, term.size) == 1};
  }
  if (term.kind != FieldKind::kText) {
    return kNoTests;
  }
  const Characters characters = CharactersOf(text, term);
  if (!characters.is_plain) {
    return kNoTests;
  }
  if (!characters.is_possible) {
    return {.steps = 1, .are_tests = true};
  }
  const size_t words = WordsOf(term.offset, characters.size);
  return words <= kMaxTextSteps
             ? FilterStepCount{.steps = words, .are_tests = true}
             : kNoTests;
}

void MakeFilterSteps(StringView text, Span<FilterTerm> terms,
                     Span<FilterStep> steps) {
  size_t at = 0;
  for (FilterTerm& term : terms) {
    const FilterStepCount count = CountFilterSteps(text, term);
    term.step = static_cast<uint16_t>(at);
    term.is_tested = count.are_tests;
    at += count.steps;
  }
  StepWriter writer(text, terms, steps);
  for (size_t i = 0; i < terms.size(); ++i) {
    writer.Write(static_cast<uint16_t>(i));
  }
}

uint32_t FilterReach(Span<const FilterTerm> terms) {
  uint32_t reach = 0;
  for (const FilterTerm& term : terms) {
    if (term.is_tested) {
      reach = Max(reach, uint32_t{term.offset} + term.size);
    }
  }
  return reach;
}

}  // namespace ebpf
