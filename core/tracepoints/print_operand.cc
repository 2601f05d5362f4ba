// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_expression.h's implementation: operands.
#include "core/base/ascii.h"
#include "core/tracepoints/event_format.h"
#include "core/tracepoints/print_conversion.h"
#include "core/tracepoints/print_expression.h"

namespace ebpf {
namespace {

/// "u32[]" of a named probe says how large its elements are, not how many.
uint32_t ProbeElementSize(StringView type) {
  const StringView bits = type.empty() ? type : type.Substring(1);
  return bits == "16[]" ? 2 : bits == "32[]" ? 4 : bits == "64[]" ? 8 : 1;
}

using Kind = PrintValue::Kind;

struct NamedType {
  const char* name;
  uint8_t detail;
};

constexpr uint8_t kSigned = print_type::kSigned;

/// Types that are one word; of those of the kernel's own, the ones whose size
/// matters to C.
constexpr NamedType kTypes[] = {
    {"u8", 1},
    {"u16", 2},
    {"u32", 4},
    {"u64", 8},
    {"s8", 1 | kSigned},
    {"s16", 2 | kSigned},
    {"s32", 4 | kSigned},
    {"s64", 8 | kSigned},
    {"__u8", 1},
    {"__u16", 2},
    {"__u32", 4},
    {"__u64", 8},
    {"__s8", 1 | kSigned},
    {"__s16", 2 | kSigned},
    {"__s32", 4 | kSigned},
    {"__s64", 8 | kSigned},
    {"uint8_t", 1},
    {"uint16_t", 2},
    {"uint32_t", 4},
    {"uint64_t", 8},
    {"int8_t", 1 | kSigned},
    {"int16_t", 2 | kSigned},
    {"int32_t", 4 | kSigned},
    {"int64_t", 8 | kSigned},
    {"uint", 4},
    {"ulong", 8},
    {"size_t", 8},
    {"ssize_t", 8 | kSigned},
    {"uintptr_t", 8},
    {"loff_t", 8 | kSigned},
    {"ino_t", 8},
    {"sector_t", 8},
    {"ktime_t", 8 | kSigned},
    {"pid_t", 4 | kSigned},
    {"dev_t", 4},
    {"gfp_t", 4},
    {"uid_t", 4},
    {"gid_t", 4},
    {"umode_t", 2},
    {"bool", 1 | print_type::kBool},
    {"_Bool", 1 | print_type::kBool},
};

/// Words of types of more than one.
enum Word : uint8_t {
  kNone,
  kUnsigned,
  kSignedWord,
  kCharWord,
  kShortWord,
  kIntWord,
  kLongWord,
  kTag,        // another word follows
  kQualifier,  // says nothing of the size
};
Word WordOf(StringView word) {
  struct NamedWord {
    const char* name;
    Word word;
  };
  static constexpr NamedWord kWords[] = {
      {"unsigned", kUnsigned}, {"signed", kSignedWord}, {"char", kCharWord},
      {"short", kShortWord},   {"int", kIntWord},       {"long", kLongWord},
      {"struct", kTag},        {"union", kTag},         {"enum", kTag},
      {"const", kQualifier},   {"volatile", kQualifier}};
  for (const NamedWord& one : kWords) {
    if (word == one.name) {
      return one.word;
    }
  }
  return kNone;
}

}  // namespace

bool PrintExpression::Operand() {
  const char c = Peek();
  switch (c) {
    case '(':
      ++at_;
      return Parenthesis();
    case '-':
      ++at_;
      return Push(Op::kMinus);
    case '~':
      ++at_;
      return Push(Op::kComplement);
    case '!':
      ++at_;
      return Push(Op::kNot);
    case '+':
    case '&':  // a field's address: its bytes
      ++at_;
      return true;
    case '"':
      return String();
    case '\'':
      return Character();
    default:
      return IsDigit(c) ? Number() : Identifier();
  }
}

/// A cast, or an expression in parentheses.
bool PrintExpression::Parenthesis() {
  uint8_t detail;
  const size_t begin = at_;
  if (TakeType(&detail)) {
    return Push(Op::kCast, detail);
  }
  at_ = begin;
  return Push(Op::kParenthesis);
}

/// A type and the parenthesis behind it: nothing but words and stars. That
/// a word is none is known of few: what else could stand there, a constant of
/// the kernel's, is not understood anyhow.
bool PrintExpression::TakeType(uint8_t* detail) {
  uint8_t size = 0;
  bool is_signed = true;
  uint8_t longs = 0;
  size_t words = 0;
  for (;; ++words) {
    const StringView name = TakeWord();
    if (name.empty()) {
      break;
    }
    if (name == "REC" || name == "true" || name == "false" || name == "NULL") {
      return false;
    }
    switch (WordOf(name)) {
      case kUnsigned:
        is_signed = false;
        size = size == 0 ? 4 : size;
        break;
      case kSignedWord:
        size = size == 0 ? 4 : size;
        break;
      case kCharWord:
        size = 1;
        break;
      case kShortWord:
        size = 2;
        break;
      case kIntWord:
        size = size == 0 ? 4 : size;
        break;
      case kLongWord:
        ++longs;
        break;
      case kTag:
        is_signed = name != "enum";
        size = name == "enum" ? 4 : 0;
        TakeWord();
        break;
      case kQualifier:
        break;
      case kNone:
        for (const NamedType& type : kTypes) {
          if (name == type.name) {
            *detail = type.detail;
            size = 0xff;
          }
        }
        break;
    }
  }
  size_t stars = 0;
  while (Take('*')) {
    ++stars;
  }
  if (words == 0 || !Take(')')) {
    return false;
  }
  if (stars != 0) {
    *detail = 8;
  } else if (size != 0xff) {
    size = longs != 0 ? 8 : size;
    *detail = static_cast<uint8_t>(size | (is_signed ? kSigned : 0));
  }
  return true;
}

bool PrintExpression::Identifier() {
  const StringView name = TakeWord();
  if (name.empty()) {
    return false;
  }
  if (name == "REC") {
    return Field();
  }
  if (name == "sizeof") {
    return SizeOf();
  }
  if (name.StartsWith("__get_")) {
    return FieldFunction(name.Substring(6));
  }
  return CallOrConstant(name);
}

bool PrintExpression::CallOrConstant(StringView name) {
  struct NamedCall {
    const char* name;
    Op op;
  };
  static constexpr NamedCall kCalls[] = {
      {"__print_flags", Op::kFlags},
      {"__print_flags_u64", Op::kFlags},
      {"__print_symbolic", Op::kSymbolic},
      {"__print_symbolic_u64", Op::kSymbolic},
      {"__print_hex", Op::kHex},
      {"__print_hex_str", Op::kHexText},
      {"__print_array", Op::kArray}};
  for (const NamedCall& call : kCalls) {
    if (name == call.name) {
      return Take('(') && Push(call.op, static_cast<uint8_t>(value_count_));
    }
  }
  if (name == "true" || name == "false") {
    return PushNumber(name == "true" ? 1 : 0, 4, true);
  }
  return name == "NULL" && PushNumber(0, 8, false);
}

const EventField* PrintExpression::TakeField() {
  const StringView name = TakeWord();
  for (const EventField& field : fields_) {
    if (field.name == name) {
      return &field;
    }
  }
  for (const EventField& field : CommonEventFields()) {
    if (field.name == name) {
      return &field;
    }
  }
  return nullptr;
}

/// Behind REC.
bool PrintExpression::Field() {
  if (!Take('-') || Peek() != '>') {
    return false;
  }
  ++at_;
  const EventField* const field = TakeField();
  if (field == nullptr || !Load(*field)) {
    return false;
  }
  if (Take('[')) {
    wants_operand_ = true;
    return Push(Op::kIndex);
  }
  return true;
}

bool PrintExpression::Load(const EventField& field) {
  if (field.kind == FieldKind::kInteger ||
      field.kind == FieldKind::kDynamicText) {
    return LoadNumber(field.offset, field.size, field.is_signed);
  }
  if (!record_.Contains(field.offset, field.size)) {
    return false;
  }
  PrintValue value;
  value.kind = Kind::kBytes;
  value.offset = field.offset;
  value.length = field.size;
  value.is_signed = field.is_signed;
  // "u32[4]": elements of a fourth of it.
  uint32_t count = 0;
  for (size_t i = field.type.Find('[') + 1;
       i < field.type.size() && IsDigit(field.type[i]) && count <= field.size;
       ++i) {
    count = count * 10 + static_cast<uint32_t>(field.type[i] - '0');
  }
  const uint32_t element =
      count == 0 ? ProbeElementSize(field.type) : field.size / count;
  const bool is_number = element == 2 || element == 4 || element == 8;
  value.element_size = static_cast<uint8_t>(is_number ? element : 1);
  return PushValue(value);
}

bool PrintExpression::LoadNumber(size_t offset, size_t size, bool is_signed) {
  if (size > sizeof(uint64_t) || !record_.Contains(offset, size)) {
    return false;
  }
  const uint64_t number = FitNumber(ReadNumber(record_.Subspan(offset, size)),
                                    static_cast<unsigned>(size), is_signed);
  return size < 4 ? PushNumber(number, 4, true)
                  : PushNumber(number, size > 4 ? 8 : 4, is_signed);
}

/// "[1]", or nothing where the field is one text. Linux has it for texts of
/// named probes only.
bool PrintExpression::TakeTextIndex(const EventField& field, uint32_t* index) {
  if (Take('[')) {
    while (IsDigit(Peek()) && *index <= field.size) {
      *index = *index * 10 + static_cast<uint32_t>(Peek() - '0');
      ++at_;
    }
    return Take(']') && *index < field.size / 4;
  }
  return field.size == 4;
}

/// Text or an array of a size of its own: where it is, or how long.
bool PrintExpression::FieldFunction(StringView name) {
  const bool is_relative = name.StartsWith("rel_");
  name = is_relative ? name.Substring(4) : name;
  const bool is_length = name == "dynamic_array_len";
  if ((!is_length && name != "str" && name != "dynamic_array") || !Take('(')) {
    return false;
  }
  const EventField* const field = TakeField();
  uint32_t index = 0;  // of a named probe's array of texts
  if (field == nullptr || !TakeTextIndex(*field, &index) || !Take(')') ||
      !LoadNumber(field->offset + size_t{4} * index, 4, false)) {
    return false;
  }
  PrintValue& value = values_[value_count_ - 1];
  value.length = static_cast<uint32_t>(value.number >> 16);
  if (is_length) {
    value.number = value.length;
    return true;
  }
  value.kind = Kind::kBytes;
  value.offset = static_cast<uint32_t>(value.number & 0xffff) +
                 (is_relative ? field->offset + 4u : 0u);
  return record_.Contains(value.offset, value.length);
}

bool PrintExpression::SizeOf() {
  if (!Take('(')) {
    return false;
  }
  uint8_t detail = 0;
  const size_t begin = at_;
  if (TakeType(&detail)) {
    const uint8_t size = detail & print_type::kSizeMask;
    return size != 0 && PushNumber(size, 8, false);
  }
  at_ = begin;
  if (TakeWord() != "REC" || !Take('-') || !Take('>')) {
    return false;
  }
  const EventField* const field = TakeField();
  return field != nullptr && Take(')') && PushNumber(field->size, 8, false);
}

bool PrintExpression::Number() {
  uint64_t number = 0;
  unsigned base = Peek() == '0' ? 8 : 10;
  if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
    base = 16;
    at_ += 2;
  }
  for (;; ++at_) {
    const unsigned digit = DigitValue(Peek());
    if (digit >= base) {
      break;
    }
    number = number * base + digit;
  }
  bool is_unsigned = false;
  bool is_long = false;
  for (;; ++at_) {
    const char lower = static_cast<char>(Peek() | 0x20);
    if (lower != 'u' && lower != 'l') {
      break;
    }
    is_unsigned = is_unsigned || lower == 'u';
    is_long = is_long || lower == 'l';
  }
  if (IsLetter(Peek()) || IsDigit(Peek()) || Peek() == '_') {
    return false;
  }
  // The first of C's types that holds it; a decimal one is signed if it can.
  const bool may_be_unsigned = is_unsigned || base != 10;
  if (!is_long && number <= INT32_MAX && !is_unsigned) {
    return PushNumber(number, 4, true);
  }
  if (!is_long && number <= UINT32_MAX && may_be_unsigned) {
    return PushNumber(number, 4, false);
  }
  return PushNumber(number, 8, !is_unsigned && number <= INT64_MAX);
}

bool PrintExpression::Character() {
  const bool is_escaped = Peek(1) == '\\';
  at_ += is_escaped ? 2 : 1;
  const char c = is_escaped ? UnescapeCharacter(Peek()) : Peek();
  ++at_;
  return Take('\'') &&
         PushNumber(FitNumber(static_cast<uint8_t>(c), 1, true), 4, true);
}

/// One, or several beside each other, which are one in C.
bool PrintExpression::String() {
  PrintValue value;
  value.kind = Kind::kText;
  value.offset = static_cast<uint32_t>(at_ + 1);
  while (Take('"')) {
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    if (at_ >= text_.size()) {
      return false;
    }
    value.length = static_cast<uint32_t>(at_ - value.offset);
    ++at_;
  }
  return PushValue(value);
}

bool PrintExpression::PushNumber(uint64_t number, uint8_t size,
                                 bool is_signed) {
  PrintValue value;
  value.size = size;
  value.is_signed = is_signed;
  value.number = number;
  return PushValue(value);
}

}  // namespace ebpf
