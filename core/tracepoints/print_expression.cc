// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_expression.h's implementation: operators.
//
// Two stacks, of values and of what is pending; an operator waits there until
// one that binds less strongly, or the end, is read. `&&`, `||` and `?:`
// evaluate all their operands: nothing here has an effect.
#include "core/tracepoints/print_expression.h"

#include "core/base/ascii.h"

namespace ebpf {
namespace {

using Kind = PrintValue::Kind;

constexpr uint8_t kLowest = 1;
constexpr uint8_t kUnary = 12;

/// Whether a condition is met: there is an address of whatever is no number.
bool IsTrue(const PrintValue& value) {
  return value.kind != Kind::kNumber || value.number != 0;
}

PrintValue NumberOf(uint64_t number, uint8_t size, bool is_signed) {
  PrintValue value;
  value.size = size;
  value.is_signed = is_signed;
  value.number = FitNumber(number, size, is_signed);
  return value;
}

/// C's usual arithmetic conversions.
void Convert(PrintValue* a, PrintValue* b) {
  const uint8_t size = a->size > b->size ? a->size : b->size;
  const bool is_signed = a->size == b->size  ? a->is_signed && b->is_signed
                         : a->size > b->size ? a->is_signed
                                             : b->is_signed;
  *a = NumberOf(a->number, size, is_signed);
  *b = NumberOf(b->number, size, is_signed);
}

/// 0 where C says nothing.
uint64_t Quotient(const PrintValue& a, const PrintValue& b, bool remainder) {
  if (b.number == 0) {
    return 0;
  }
  if (!a.is_signed) {
    return remainder ? a.number % b.number : a.number / b.number;
  }
  if (b.number == ~uint64_t{0}) {
    return remainder ? 0 : 0 - a.number;
  }
  const auto left = static_cast<int64_t>(a.number);
  const auto right = static_cast<int64_t>(b.number);
  return static_cast<uint64_t>(remainder ? left % right : left / right);
}

bool IsLess(const PrintValue& a, const PrintValue& b) {
  return a.is_signed
             ? static_cast<int64_t>(a.number) < static_cast<int64_t>(b.number)
             : a.number < b.number;
}

}  // namespace

uint8_t PrintExpression::PrecedenceOf(Op op) {
  switch (op) {
    case Op::kColon:
      return kLowest;
    case Op::kOrElse:
      return 2;
    case Op::kAndAlso:
      return 3;
    case Op::kOr:
      return 4;
    case Op::kXor:
      return 5;
    case Op::kAnd:
      return 6;
    case Op::kEqual:
    case Op::kNotEqual:
      return 7;
    case Op::kLess:
    case Op::kGreater:
    case Op::kLessEqual:
    case Op::kGreaterEqual:
      return 8;
    case Op::kShiftLeft:
    case Op::kShiftRight:
      return 9;
    case Op::kAdd:
    case Op::kSubtract:
      return 10;
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kRemainder:
      return 11;
    case Op::kNot:
    case Op::kComplement:
    case Op::kMinus:
    case Op::kCast:
      return kUnary;
    default:
      return 0;
  }
}

bool PrintExpression::Evaluate(size_t* at, PrintValue* value) {
  at_ = *at;
  wants_operand_ = true;
  value_count_ = 0;
  pending_count_ = 0;
  for (bool is_end = false; !is_end;) {
    SkipSpaces();
    if (!(wants_operand_ ? Operand() : Operator(&is_end))) {
      return false;
    }
  }
  *at = at_;
  *value = values_[0];
  return pending_count_ == 0 && value_count_ == 1;
}

bool PrintExpression::Operator(bool* is_end) {
  const char c = Peek();
  switch (c) {
    case '\0':
    case '}':
      *is_end = true;
      return ReduceTo(kLowest);
    case ',':
      return Comma(is_end);
    case ')':
      return Close(is_end);
    case ']':
      return CloseIndex();
    case '?':
      return Question();
    case ':':
      return Colon();
    default:
      return Binary(c);
  }
}

bool PrintExpression::Binary(char c) {
  struct Spelling {
    char first;
    char second;  // or zero
    Op op;
  };
  // The longer ones first.
  static constexpr Spelling kSpellings[] = {
      {'|', '|', Op::kOrElse},    {'&', '&', Op::kAndAlso},
      {'=', '=', Op::kEqual},     {'!', '=', Op::kNotEqual},
      {'<', '=', Op::kLessEqual}, {'>', '=', Op::kGreaterEqual},
      {'<', '<', Op::kShiftLeft}, {'>', '>', Op::kShiftRight},
      {'|', 0, Op::kOr},          {'^', 0, Op::kXor},
      {'&', 0, Op::kAnd},         {'<', 0, Op::kLess},
      {'>', 0, Op::kGreater},     {'+', 0, Op::kAdd},
      {'-', 0, Op::kSubtract},    {'*', 0, Op::kMultiply},
      {'/', 0, Op::kDivide},      {'%', 0, Op::kRemainder}};
  for (const Spelling& spelling : kSpellings) {
    if (c == spelling.first &&
        (spelling.second == 0 || Peek(1) == spelling.second)) {
      at_ += spelling.second == 0 ? 1 : 2;
      wants_operand_ = true;
      return ReduceTo(PrecedenceOf(spelling.op)) && Push(spelling.op);
    }
  }
  return false;
}

/// What follows is `a : b`, and the whole binds to the right.
bool PrintExpression::Question() {
  ++at_;
  wants_operand_ = true;
  return ReduceTo(kLowest + 1) && Push(Op::kQuestion);
}

bool PrintExpression::Colon() {
  ++at_;
  wants_operand_ = true;
  if (!ReduceTo(kLowest) || pending_count_ == 0 ||
      pending_[pending_count_ - 1].op != Op::kQuestion) {
    return false;
  }
  pending_[pending_count_ - 1].op = Op::kColon;
  return true;
}

bool PrintExpression::Comma(bool* is_end) {
  if (!ReduceTo(kLowest)) {
    return false;
  }
  if (pending_count_ == 0) {
    *is_end = true;
    return true;
  }
  const Op call = pending_[pending_count_ - 1].op;
  ++at_;
  if (call == Op::kHex || call == Op::kHexText || call == Op::kArray) {
    wants_operand_ = true;
    return true;
  }
  PrintValue& value = values_[value_count_ - 1];
  if ((call != Op::kFlags && call != Op::kSymbolic) ||
      value.kind != Kind::kNumber) {
    return false;
  }
  // Its list is read when it is printed.
  value.kind = call == Op::kFlags ? Kind::kFlags : Kind::kSymbolic;
  value.offset = static_cast<uint32_t>(at_);
  --pending_count_;
  return SkipList();
}

/// To behind the parenthesis that closes a call.
bool PrintExpression::SkipList() {
  size_t depth = 0;
  char quote = '\0';
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (quote != '\0') {
      at_ += c == '\\' ? 1 : 0;
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth-- == 0) {
      ++at_;
      return true;
    }
  }
  return false;
}

bool PrintExpression::Close(bool* is_end) {
  if (!ReduceTo(kLowest)) {
    return false;
  }
  if (pending_count_ == 0) {
    *is_end = true;
    return true;
  }
  ++at_;
  const Pending& pending = pending_[--pending_count_];
  if (pending.op == Op::kParenthesis) {
    return true;
  }
  const bool is_array = pending.op == Op::kArray;
  if ((!is_array && pending.op != Op::kHex && pending.op != Op::kHexText) ||
      value_count_ - pending.detail != (is_array ? 3u : 2u)) {
    return false;
  }
  PrintValue& bytes = values_[pending.detail];
  const PrintValue& count = values_[pending.detail + 1];
  if (bytes.kind != Kind::kBytes || count.kind != Kind::kNumber) {
    return false;
  }
  uint64_t size = 1;
  if (is_array) {
    size = values_[pending.detail + 2].number;
    if (size != 1 && size != 2 && size != 4 && size != 8) {
      return false;
    }
  }
  bytes.kind = is_array                     ? Kind::kArray
               : pending.op == Op::kHexText ? Kind::kHexText
                                            : Kind::kHex;
  bytes.element_size = static_cast<uint8_t>(size);
  if (count.number < bytes.length / size) {
    bytes.length = static_cast<uint32_t>(count.number * size);
  }
  value_count_ = pending.detail + 1;
  return true;
}

bool PrintExpression::CloseIndex() {
  ++at_;
  if (!ReduceTo(kLowest) || pending_count_ == 0 ||
      pending_[--pending_count_].op != Op::kIndex || value_count_ < 2) {
    return false;
  }
  const PrintValue index = values_[--value_count_];
  const PrintValue array = values_[--value_count_];
  return index.kind == Kind::kNumber && array.kind == Kind::kBytes &&
         index.number < array.length / array.element_size &&
         LoadNumber(array.offset + index.number * array.element_size,
                    array.element_size, array.is_signed);
}

bool PrintExpression::Push(Op op, uint8_t detail) {
  if (pending_count_ == kMaxDepth) {
    return false;
  }
  pending_[pending_count_++] = {op, detail};
  return true;
}

bool PrintExpression::PushValue(const PrintValue& value) {
  if (value_count_ == kMaxDepth) {
    return false;
  }
  values_[value_count_++] = value;
  wants_operand_ = false;
  return true;
}

bool PrintExpression::ReduceTo(uint8_t precedence) {
  while (pending_count_ != 0 &&
         PrecedenceOf(pending_[pending_count_ - 1].op) >= precedence) {
    if (!Reduce()) {
      return false;
    }
  }
  return true;
}

bool PrintExpression::Reduce() {
  const Pending pending = pending_[--pending_count_];
  if (PrecedenceOf(pending.op) == kUnary) {
    return ReduceUnary(pending);
  }
  if (pending.op == Op::kColon) {
    value_count_ -= 2;
    PrintValue* const of = &values_[value_count_ - 1];
    if (of[1].kind == Kind::kNumber && of[2].kind == Kind::kNumber) {
      Convert(&of[1], &of[2]);
    }
    of[0] = IsTrue(of[0]) ? of[1] : of[2];
    return true;
  }
  return ReduceBinary(pending.op);
}

bool PrintExpression::ReduceUnary(const Pending& pending) {
  PrintValue& value = values_[value_count_ - 1];
  if (pending.op == Op::kNot) {
    value = NumberOf(IsTrue(value) ? 0 : 1, 4, true);
    return true;
  }
  if (pending.op != Op::kCast) {
    value.number = pending.op == Op::kMinus ? 0 - value.number : ~value.number;
    value.number = FitNumber(value.number, value.size, value.is_signed);
    return value.kind == Kind::kNumber;
  }
  const uint8_t size = pending.detail & print_type::kSizeMask;
  if (size == 0 || value.kind != Kind::kNumber) {
    return true;  // a pointer's, or a type of the kernel's own
  }
  if ((pending.detail & print_type::kBool) != 0) {
    value = NumberOf(value.number != 0 ? 1 : 0, 4, true);
    return true;
  }
  const bool is_signed = (pending.detail & print_type::kSigned) != 0;
  const uint64_t fitting = FitNumber(value.number, size, is_signed);
  value = size < 4 ? NumberOf(fitting, 4, true)
                   : NumberOf(fitting, size, is_signed);
  return true;
}

bool PrintExpression::ReduceBinary(Op op) {
  PrintValue b = values_[--value_count_];
  PrintValue& result = values_[value_count_ - 1];
  PrintValue a = result;
  if (op == Op::kAndAlso || op == Op::kOrElse) {
    const bool met =
        op == Op::kAndAlso ? IsTrue(a) && IsTrue(b) : IsTrue(a) || IsTrue(b);
    result = NumberOf(met ? 1 : 0, 4, true);
    return true;
  }
  if (a.kind != Kind::kNumber || b.kind != Kind::kNumber) {
    return false;
  }
  if (op == Op::kShiftLeft || op == Op::kShiftRight) {
    const uint64_t count = b.number & (8 * a.size - 1);
    const uint64_t shifted =
        op == Op::kShiftLeft ? a.number << count
        : a.is_signed
            ? static_cast<uint64_t>(static_cast<int64_t>(a.number) >> count)
            : a.number >> count;
    result = NumberOf(shifted, a.size, a.is_signed);
    return true;
  }
  Convert(&a, &b);
  const auto comparison = [&](bool met) {
    result = NumberOf(met ? 1 : 0, 4, true);
    return true;
  };
  const auto number = [&](uint64_t value) {
    result = NumberOf(value, a.size, a.is_signed);
    return true;
  };
  switch (op) {
    case Op::kEqual:
      return comparison(a.number == b.number);
    case Op::kNotEqual:
      return comparison(a.number != b.number);
    case Op::kLess:
      return comparison(IsLess(a, b));
    case Op::kGreater:
      return comparison(IsLess(b, a));
    case Op::kLessEqual:
      return comparison(!IsLess(b, a));
    case Op::kGreaterEqual:
      return comparison(!IsLess(a, b));
    case Op::kOr:
      return number(a.number | b.number);
    case Op::kXor:
      return number(a.number ^ b.number);
    case Op::kAnd:
      return number(a.number & b.number);
    case Op::kAdd:
      return number(a.number + b.number);
    case Op::kSubtract:
      return number(a.number - b.number);
    case Op::kMultiply:
      return number(a.number * b.number);
    case Op::kDivide:
      return number(Quotient(a, b, /*remainder=*/false));
    case Op::kRemainder:
      return number(Quotient(a, b, /*remainder=*/true));
    default:
      return false;
  }
}

void PrintExpression::SkipSpaces() {
  while (IsSpace(Peek())) {
    ++at_;
  }
}

bool PrintExpression::Take(char c) {
  SkipSpaces();
  if (Peek() != c || c == '\0') {
    return false;
  }
  ++at_;
  return true;
}

StringView PrintExpression::TakeWord() {
  SkipSpaces();
  const size_t begin = at_;
  while (IsLetter(Peek()) || Peek() == '_' ||
         (at_ != begin && IsDigit(Peek()))) {
    ++at_;
  }
  return text_.Substring(begin).First(at_ - begin);
}

}  // namespace ebpf
