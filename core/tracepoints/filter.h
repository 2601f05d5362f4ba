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
  uint64_t number;  // as wide as the field
};

/// A filter. Linux's grammar (Documentation/trace/events.rst, "Event
/// filtering"): FIELD OP VALUE, where OP is == != < <= > >= & for numbers and
/// ==
/// != ~ (a pattern, glob.h) for text, with && || ! and parentheses. Values are
/// decimal, octal (0...) or hexadecimal (0x...) numbers, which become as wide
/// as the field, and text in quotes of either kind. Besides the event's fields
/// there are CPU and comm, in small letters too.
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

  /// Whether it wants `record`. What a record is too short for does not hold.
  /// Context: any.
  bool Matches(ConstBytes record, const FilterEnvironment& environment) const;

  StringView text() const { return StringView(text_.data(), text_.size()); }
  Span<const FilterTerm> terms() const { return terms_; }

  static constexpr uint16_t kAccept = 0xffff;
  static constexpr uint16_t kReject = 0xfffe;

 private:
  friend class Allocator;

  EventFilter(Span<char> text, Span<FilterTerm> terms, Allocator& allocator)
      : text_(text), terms_(terms), allocator_(allocator) {}
  ~EventFilter() = default;

  bool Holds(const FilterTerm& term, ConstBytes record,
             const FilterEnvironment& environment) const;

  Span<char> text_;
  Span<FilterTerm> terms_;
  Allocator& allocator_;
};

}  // namespace ebpf
