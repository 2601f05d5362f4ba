// SPDX-License-Identifier: MIT
//
// core/tracepoints/filter_term.h's implementation.
#include "core/tracepoints/filter_term.h"

#include "core/base/ascii.h"
#include "core/base/number_text.h"

namespace ebpf {
namespace {

using Operator = FilterTerm::Operator;

bool IsWord(char c) { return IsLetter(c) || IsDigit(c) || c == '_'; }

struct OperatorName {
  StringView text;
  Operator op;
};

// Longer ones first.
constexpr OperatorName kOperators[] = {
    {"==", Operator::kEqual},       {"!=", Operator::kNotEqual},
    {"<=", Operator::kLessOrEqual}, {">=", Operator::kGreaterOrEqual},
    {"<", Operator::kLess},         {">", Operator::kGreater},
    {"&", Operator::kMask},         {"~", Operator::kGlob},
};

/// Of what kind a field is for a filter, which reads numbers of these sizes
/// only.
FieldKind KindOf(const EventField& field) {
  switch (field.kind) {
    case FieldKind::kInteger:
      return field.size == 1 || field.size == 2 || field.size == 4 ||
                     field.size == 8
                 ? field.kind
                 : FieldKind::kBytes;
    case FieldKind::kDynamicText:
      return field.size == sizeof(uint32_t) ? field.kind : FieldKind::kBytes;
    default:
      return field.kind;
  }
}

/// A number for a field: signed ones lie in 64 bits with sign, the others in
/// 64 bits without one, however wide the field is.
Result<uint64_t> ReadNumber(StringView word, bool is_signed) {
  const bool negative = word.StartsWith("-");
  if (negative && !is_signed) {
    return Status::kInvalid;
  }
  uint64_t magnitude;
  if (!ParseUnsigned(word.Substring(negative ? 1 : 0), &magnitude)) {
    return Status::kInvalid;
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (is_signed && magnitude >= limit + (negative ? 1 : 0)) {
    return Status::kOutOfRange;
  }
  return negative ? 0 - magnitude : magnitude;
}

/// Reads one relation; `error` is what was wrong.
class TermReader {
 public:
  TermReader(StringView text, size_t position, FilterTerm& term)
      : text_(text), at_(position), term_(term) {}

  FilterError Read(Span<const EventField> fields) {
    if (ReadField(fields) && ReadOperator()) {
      at_ = SkipSpaces(text_, at_);
      if (AtQuote()) {
        ReadText();
      } else {
        ReadInteger();
      }
    }
    return error_;
  }

  size_t position() const { return at_; }

 private:
  bool ReadField(Span<const EventField> fields) {
    const size_t begin = at_;
    while (at_ < text_.size() && IsWord(text_[at_])) {
      ++at_;
    }
    const StringView name = text_.Substring(begin).First(at_ - begin);
    for (const EventField& field : fields) {
      if (field.name == name) {
        term_.kind = KindOf(field);
        term_.is_signed = field.is_signed;
        term_.offset = field.offset;
        term_.size = field.size;
        return true;
      }
    }
    term_.is_signed = true;  // as in Linux
    term_.offset = 0;
    term_.size = sizeof(uint32_t);
    if (name == "CPU" || name == "cpu") {
      term_.kind = FieldKind::kCpu;
      return true;
    }
    if (name == "COMM" || name == "comm") {
      term_.kind = FieldKind::kComm;
      return true;
    }
    return Fail(FilterErrorKind::kFieldNotFound, at_);
  }

  bool ReadOperator() {
    at_ = SkipSpaces(text_, at_);
    for (const OperatorName& name : kOperators) {
      if (text_.Substring(at_).StartsWith(name.text)) {
        term_.op = name.op;
        at_ += name.text.size();
        return true;
      }
    }
    return Fail(FilterErrorKind::kInvalidOperator, at_);
  }

  bool IsText() const {
    return term_.kind == FieldKind::kText ||
           term_.kind == FieldKind::kDynamicText ||
           term_.kind == FieldKind::kComm;
  }

  bool AtQuote() const {
    return at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'');
  }

  // The quote has its match: that was looked at before.
  bool ReadText() {
    const size_t begin = at_ + 1;
    const size_t size = text_.Substring(begin).Find(text_[at_]);
    if ((term_.op != Operator::kEqual && term_.op != Operator::kNotEqual &&
         term_.op != Operator::kGlob) ||
        term_.kind == FieldKind::kBytes) {
      return Fail(FilterErrorKind::kIllegalOperation, at_);
    }
    if (!IsText()) {
      return Fail(FilterErrorKind::kExpectingNumber, at_);
    }
    if (size > EventFilter::kMaxValueSize) {
      return Fail(FilterErrorKind::kOperandTooLong, begin + size);
    }
    term_.text = static_cast<uint16_t>(begin);
    term_.text_size = static_cast<uint16_t>(size);
    at_ = begin + size + 1;
    return true;
  }

  bool ReadInteger() {
    const size_t begin = at_;
    if (at_ == text_.size() || !(IsDigit(text_[at_]) || text_[at_] == '-')) {
      return Fail(FilterErrorKind::kInvalidValue, at_);
    }
    do {
      ++at_;
    } while (at_ < text_.size() &&
             (IsLetter(text_[at_]) || IsDigit(text_[at_])));
    if (IsText()) {
      return Fail(FilterErrorKind::kExpectingText, begin);
    }
    if (term_.op == Operator::kGlob || term_.kind == FieldKind::kBytes) {
      return Fail(FilterErrorKind::kIllegalOperation, begin);
    }
    if (at_ - begin > EventFilter::kMaxNumberSize) {
      return Fail(FilterErrorKind::kOperandTooLong, at_);
    }
    const Result<uint64_t> number =
        ReadNumber(text_.Substring(begin).First(at_ - begin), term_.is_signed);
    if (!number.ok()) {
      return Fail(FilterErrorKind::kIllegalInteger, begin);
    }
    term_.number = *number;
    return true;
  }

  // The caret stands behind the character, as Linux's does.
  bool Fail(FilterErrorKind kind, size_t at) {
    error_ = {.kind = kind, .position = Min(at + 1, text_.size())};
    return false;
  }

  const StringView text_;
  size_t at_;
  FilterTerm& term_;
  FilterError error_;
};

}  // namespace

size_t SkipSpaces(StringView text, size_t position) {
  while (position < text.size() && IsSpace(text[position])) {
    ++position;
  }
  return position;
}

FilterError ReadFilterTerm(StringView text, Span<const EventField> fields,
                           size_t* position, FilterTerm* term) {
  TermReader reader(text, *position, *term);
  const FilterError error = reader.Read(fields);
  *position = reader.position();
  return error;
}

}  // namespace ebpf
