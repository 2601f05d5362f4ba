// SPDX-License-Identifier: MIT
//
// Which of an event's records somebody wants: what is written to a `filter`
// file, compiled once, and evaluated at each event.
#pragma once

#include <stdint.h>

#include "core/base/optional.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/event_field.h"
#include "core/tracepoints/filter_steps.h"

namespace ebpf {

enum class FilterErrorKind : uint8_t {
  kNone,
#define ERROR(name, text) name,
#include "core/tracepoints/filter_errors.def"
#undef ERROR
};

/// In Linux's words.
StringView FilterErrorText(FilterErrorKind kind);

/// What is wrong with a filter, and where.
struct FilterError {
  FilterErrorKind kind = FilterErrorKind::kNone;
  size_t position = 0;  // characters before the caret that points to it
};

/// What a `filter` file shows in place of a filter that was refused.
void WriteFilterError(TextWriter& writer, StringView filter,
                      const FilterError& error);

/// What a filter can ask for that is not in the record.
struct FilterEnvironment {
  uint32_t cpu = 0;
  StringView comm;  // the running task's name
};

/// One relation between a field and a constant.
struct FilterTerm {
  enum class Operator : uint8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kMask,  // any bit of both
    kGlob,
  };

  FieldKind kind;
  Operator op;
  bool is_signed;
  uint16_t offset;
  uint16_t size;
  // Where to go on: a later term, or kAccept or kReject.
  uint16_t exits[2];  // when it does not hold, and when it does
  uint16_t text_size;
  uint16_t text;    // where the constant is in the filter's text
  uint16_t step;    // its first
  bool is_tested;   // by its steps
  uint64_t number;  // as wide as the field
};

/// A filter. Linux's grammar (Documentation/trace/events.rst, "Event
/// filtering"): FIELD OP VALUE, where OP is == != < <= > >= & for numbers and
/// == != ~ (a pattern, glob.h) for text, with && || ! and parentheses. Values
/// are decimal, octal (0...) or hexadecimal (0x...) numbers, which become as
/// wide as the field, and text in quotes of either kind. Besides the event's
/// fields there are CPU and comm, in small letters too.
///
/// Terms are evaluated in their order, each at most once; so an event takes
/// time that grows with the terms and the lengths of their texts only.
class EventFilter : public NonCopyable {
 public:
  /// More is refused, as in Linux, whose limit is a page.
  static constexpr size_t kMaxTextSize = 4095;
  /// Of a number and of a text that a field is compared with, as in Linux.
  static constexpr size_t kMaxNumberSize = 23;
  static constexpr size_t kMaxValueSize = 255;

  /// Compiles `text`. kInvalid: `error` says why; kNoMemory; kTooBig: longer
  /// than kMaxTextSize. The filter keeps a copy of the text, and nothing else
  /// of what it is given; Destroy gives it back. Context: task.
  static Result<EventFilter*> Create(StringView text,
                                     Span<const EventField> fields,
                                     Allocator& allocator, FilterError* error);
  void Destroy();

  /// Whether it wants `record` of what happens here now. The record begins at a
  /// multiple of 8 bytes, and memory goes on to the next one at its end. What a
  /// record is too short for does not hold. Context: any, preemption off.
  bool Matches(ConstBytes record) const { return Evaluate(record, nullptr); }
  /// The same, of what happens there.
  bool Matches(ConstBytes record, const FilterEnvironment& environment) const {
    return Evaluate(record, &environment);
  }
  /// The same by its terms and not by their steps: slower, and of records of
  /// any size and place. Null: of what happens here. Context: as Matches.
  [[gnu::noinline]] bool MatchesTerms(
      ConstBytes record, const FilterEnvironment* environment) const;

  StringView text() const { return StringView(text_.data(), text_.size()); }
  Span<const FilterTerm> terms() const { return terms_; }
  Span<const FilterStep> steps() const {
    return Span<const FilterStep>(reinterpret_cast<const FilterStep*>(this + 1),
                                  step_count_);
  }

  static constexpr uint16_t kAccept = 0xffff;
  static constexpr uint16_t kReject = 0xfffe;

 private:
  friend class Allocator;

  EventFilter(Span<char> text, Span<FilterTerm> terms, size_t step_count,
              Allocator& allocator);
  ~EventFilter() = default;

  static size_t SizeFor(size_t step_count) {
    return sizeof(EventFilter) + step_count * sizeof(FilterStep);
  }

  bool Evaluate(ConstBytes record, const FilterEnvironment* environment) const;
  /// It begins with no test, or `record` is too short for tests.
  [[gnu::noinline]] bool EvaluateOtherwise(
      ConstBytes record, const FilterEnvironment* environment) const;
  /// `step` is no test.
  [[gnu::noinline]] bool EvaluateFrom(
      const FilterStep& step, ConstBytes record,
      const FilterEnvironment* environment) const;
  bool Holds(const FilterTerm& term, ConstBytes record,
             const FilterEnvironment* environment) const;

  int32_t first_;  // from the filter itself; as FilterStep's exits
  // Shorter records are evaluated otherwise: all, where there is no test first.
  uint32_t easy_reach_;
  Span<char> text_;
  Span<FilterTerm> terms_;
  const size_t step_count_;
  Allocator& allocator_;
  uint32_t reach_;  // shorter records are not tested, their terms are evaluated
  // Its steps follow.
};
static_assert(sizeof(EventFilter) % alignof(FilterStep) == 0);

/// Where it is asked: numbers take no call.
[[gnu::always_inline]] inline bool EventFilter::Evaluate(
    ConstBytes record, const FilterEnvironment* environment) const {
  if (__builtin_expect(record.size() < easy_reach_, 0)) {
    return EvaluateOtherwise(record, environment);
  }
  auto at = reinterpret_cast<const uint8_t*>(this);
  int64_t exit = first_;
  do {
    at += exit;
    exit = reinterpret_cast<const FilterStep*>(at)->ExitFor(record.data());
  } while (exit > 0);
  // Each branch costs, so what is kept has one.
  if (exit == FilterStep::kAccept) {
    return true;
  }
  return __builtin_expect(exit != FilterStep::kReject, 0) &&
         EvaluateFrom(*reinterpret_cast<const FilterStep*>(at - exit), record,
                      environment);
}

}  // namespace ebpf
