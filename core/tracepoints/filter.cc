// SPDX-License-Identifier: MIT
//
// core/tracepoints/filter.h's implementation: making one, and what its steps
// do not test. Reading a filter is filter_compiler.h's, and filter_term.h's.
#include "core/tracepoints/filter.h"

#include "core/base/glob.h"
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/helpers/current_task.h"
#include "core/platform/cpu.h"
#include "core/tracepoints/filter_compiler.h"

namespace ebpf {
namespace {

using Operator = FilterTerm::Operator;

/// Of `size` bytes, in 64: with their sign, or without one.
uint64_t Extend(uint64_t value, size_t size, bool is_signed) {
  const unsigned unused = 64 - 8 * static_cast<unsigned>(size);
  value <<= unused;
  return is_signed
             ? static_cast<uint64_t>(static_cast<int64_t>(value) >> unused)
             : value >> unused;
}

uint64_t ReadInteger(const uint8_t* from, size_t size) {
  uint8_t byte = 0;
  uint16_t half = 0;
  uint32_t word = 0;
  uint64_t twice = 0;
  switch (size) {
    case sizeof(byte):
      return *from;
    case sizeof(half):
      CopyBytes(&half, from, sizeof(half));
      return half;
    case sizeof(word):
      CopyBytes(&word, from, sizeof(word));
      return word;
    default:
      CopyBytes(&twice, from, sizeof(twice));
      return twice;
  }
}

template <typename T>
bool Compare(Operator op, T a, T b) {
  switch (op) {
    case Operator::kEqual:
      return a == b;
    case Operator::kNotEqual:
      return a != b;
    case Operator::kLess:
      return a < b;
    case Operator::kLessOrEqual:
      return a <= b;
    case Operator::kGreater:
      return a > b;
    case Operator::kGreaterOrEqual:
      return a >= b;
    case Operator::kMask:
      return (a & b) != 0;
    case Operator::kGlob:
      return false;
  }
  return false;
}

bool HoldsForNumber(const FilterTerm& term, uint64_t value) {
  const uint64_t field = Extend(value, term.size, term.is_signed);
  const uint64_t number = Extend(term.number, term.size, term.is_signed);
  return term.is_signed ? Compare(term.op, static_cast<int64_t>(field),
                                  static_cast<int64_t>(number))
                        : Compare(term.op, field, number);
}

bool HoldsForText(const FilterTerm& term, StringView text, StringView wanted) {
  switch (term.op) {
    case Operator::kGlob:
      return MatchesGlob(text, wanted);
    case Operator::kNotEqual:
      return !(text == wanted);
    default:
      return text == wanted;
  }
}

StringView TextIn(ConstBytes bytes) {
  return StringView::FromField(reinterpret_cast<const char*>(bytes.data()),
                               bytes.size());
}

constexpr StringView kErrorTexts[] = {
    "",
#define ERROR(name, text) text,
#include "core/tracepoints/filter_errors.def"
#undef ERROR
};

}  // namespace

StringView FilterErrorText(FilterErrorKind kind) {
  return kErrorTexts[static_cast<unsigned>(kind)];
}

void WriteFilterError(TextWriter& writer, StringView filter,
                      const FilterError& error) {
  writer.Put(Trim(filter)).Put('\n');
  for (size_t i = 0; i < error.position; ++i) {
    writer.Put(' ');
  }
  writer.Put("^\nparse_error: ").Put(FilterErrorText(error.kind)).Put('\n');
}

Result<EventFilter*> EventFilter::Create(StringView text,
                                         Span<const EventField> fields,
                                         Allocator& allocator,
                                         FilterError* error) {
  *error = {};
  text = Trim(text);
  if (text.size() > kMaxTextSize) {
    return Status::kTooBig;
  }
  FilterSize size;
  *error = MeasureFilter(text, &size);
  if (error->kind != FilterErrorKind::kNone) {
    return Status::kInvalid;
  }
  const auto terms = EBPF_TRY(allocator.NewArray<FilterTerm>(size.terms));
  const auto levels = allocator.NewArray<FilterCompiler::Level>(size.depth + 1);
  Result<Span<char>> copy = Status::kNoMemory;
  if (levels.ok()) {
    *error = FilterCompiler(text, fields, terms, *levels).Compile();
    allocator.DeleteArray(*levels);
    copy = error->kind == FilterErrorKind::kNone
               ? allocator.NewArray<char>(text.size())
               : Result<Span<char>>(Status::kInvalid);
  }
  if (!copy.ok()) {
    allocator.DeleteArray(terms);
    return copy.status();
  }
  CopyBytes(copy->data(), text.data(), text.size());
  size_t steps = 0;
  for (const FilterTerm& term : terms) {
    steps += CountFilterSteps(text, term).steps;
  }
  void* const made = allocator.Allocate(SizeFor(steps), alignof(EventFilter));
  if (made == nullptr) {
    allocator.DeleteArray(*copy);
    allocator.DeleteArray(terms);
    return Status::kNoMemory;
  }
  return new (InPlace{made}) EventFilter(*copy, terms, steps, allocator);
}

EventFilter::EventFilter(Span<char> text, Span<FilterTerm> terms,
                         size_t step_count, Allocator& allocator)
    : text_(text),
      terms_(terms),
      step_count_(step_count),
      allocator_(allocator) {
  MakeFilterSteps(
      this->text(), terms,
      Span<FilterStep>(reinterpret_cast<FilterStep*>(this + 1), step_count));
  reach_ = FilterReach(terms);
  easy_reach_ = terms[0].is_tested ? reach_ : UINT32_MAX;
  const auto to_steps = static_cast<int32_t>(sizeof(EventFilter));
  first_ = terms[0].is_tested ? to_steps : -to_steps;
}

void EventFilter::Destroy() {
  Allocator& allocator = allocator_;
  const size_t size = SizeFor(step_count_);
  allocator.DeleteArray(terms_);
  allocator.DeleteArray(text_);
  this->~EventFilter();
  allocator.Free(this, size, alignof(EventFilter));
}

bool EventFilter::EvaluateOtherwise(
    ConstBytes record, const FilterEnvironment* environment) const {
  if (record.size() < reach_) {
    return MatchesTerms(record, environment);
  }
  return EvaluateFrom(*reinterpret_cast<const FilterStep*>(
                          reinterpret_cast<const uint8_t*>(this) - first_),
                      record, environment);
}

bool EventFilter::EvaluateFrom(const FilterStep& step, ConstBytes record,
                               const FilterEnvironment* environment) const {
  auto at = reinterpret_cast<const uint8_t*>(&step);
  int64_t exit = 0;
  do {
    at -= exit;
    const auto& here = *reinterpret_cast<const FilterStep*>(at);
    const bool holds = Holds(terms_[here.term], record, environment);
    exit = here.exits[holds ? FilterStep::kWithin : FilterStep::kOutside];
    while (exit > 0) {
      at += exit;
      exit = reinterpret_cast<const FilterStep*>(at)->ExitFor(record.data());
    }
  } while (exit < FilterStep::kAccept);
  return exit == FilterStep::kAccept;
}

bool EventFilter::MatchesTerms(ConstBytes record,
                               const FilterEnvironment* environment) const {
  uint16_t at = 0;
  do {
    const FilterTerm& term = terms_[at];
    at = term.exits[Holds(term, record, environment) ? 1 : 0];
  } while (at < terms_.size());
  return at == kAccept;
}

bool EventFilter::Holds(const FilterTerm& term, ConstBytes record,
                        const FilterEnvironment* environment) const {
  const StringView wanted = text().Substring(term.text).First(term.text_size);
  if (term.kind == FieldKind::kCpu) {
    return HoldsForNumber(
        term, environment != nullptr ? environment->cpu : ebpf_port_cpu_id());
  }
  if (term.kind == FieldKind::kComm) {
    if (environment != nullptr) {
      return HoldsForText(term, environment->comm, wanted);
    }
    char comm[kCommSize];
    CurrentComm(comm);
    return HoldsForText(term, StringView::FromField(comm, sizeof(comm)),
                        wanted);
  }
  if (!record.Contains(term.offset, term.size)) {
    return false;
  }
  const ConstBytes field = record.Subspan(term.offset, term.size);
  if (term.kind == FieldKind::kInteger) {
    return HoldsForNumber(term, ReadInteger(field.data(), field.size()));
  }
  if (term.kind == FieldKind::kText) {
    return HoldsForText(term, TextIn(field), wanted);
  }
  const uint64_t location = ReadInteger(field.data(), sizeof(uint32_t));
  const uint64_t offset = location & 0xffff;
  const uint64_t size = location >> 16;
  return record.Contains(offset, size) &&
         HoldsForText(term, TextIn(record.Subspan(offset, size)), wanted);
}

}  // namespace ebpf
