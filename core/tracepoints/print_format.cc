// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_format.h's implementation.
//
// The format and its arguments are read beside each other: at a conversion the
// next argument is evaluated and written. What is not understood is found on
// the way; then what was written is taken back.
#include "core/tracepoints/print_format.h"

#include "core/base/ascii.h"
#include "core/platform/symbol_name.h"
#include "core/tracepoints/print_conversion.h"
#include "core/tracepoints/print_expression.h"

namespace ebpf {
namespace {

using Kind = PrintValue::Kind;

/// A width that nobody means.
constexpr uint32_t kMaxWidth = 1024;

class RecordPrinter {
 public:
  RecordPrinter(TextWriter& writer, StringView format,
                Span<const EventField> fields, ConstBytes record,
                PrintStyle style)
      : writer_(writer),
        format_(format),
        record_(record),
        style_(style),
        expression_(format, fields, record) {}

  /// False: it cannot be understood.
  bool Print();

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < format_.size() ? format_[at_ + ahead] : '\0';
  }
  bool SkipToArguments();
  bool NextString();
  bool TakeArgument(PrintValue* value);
  bool TakeNumber(bool* is_negative, uint32_t* number);
  bool Convert();
  bool TakeFlags(Conversion* conversion);
  bool PutNumber(const Conversion& conversion, const PrintValue& value);
  bool PutPointer(Conversion conversion, const PrintValue& value);
  void PutSymbol(const Conversion& conversion, uint64_t address);
  bool PutText(const Conversion& conversion, const PrintValue& value);
  bool WriteText(TextWriter& to, const Conversion& conversion,
                 const PrintValue& value);
  bool WriteSymbolic(TextWriter& to, const PrintValue& value);
  bool WriteFlags(TextWriter& to, const PrintValue& value);
  bool NextEntry(size_t* at, PrintValue* number, PrintValue* name);
  void WriteQuoted(TextWriter& to, const PrintValue& value);
  void WriteArray(TextWriter& to, const PrintValue& value);
  ConstBytes BytesOf(const PrintValue& value) const {
    return record_.Subspan(value.offset, value.length);
  }

  TextWriter& writer_;
  const StringView format_;
  const ConstBytes record_;
  const PrintStyle style_;
  size_t at_ = 0;           // in the format string
  size_t argument_at_ = 0;  // behind the last argument
  PrintExpression expression_;
};

bool RecordPrinter::Print() {
  if (!SkipToArguments()) {
    return false;
  }
  while (true) {
    const char c = Peek();
    ++at_;
    if (c == '"') {
      if (!NextString()) {
        return true;
      }
    } else if (c == '\\') {
      writer_.Put(UnescapeCharacter(Peek()));
      ++at_;
    } else if (c != '%') {
      writer_.Put(c);
    } else if (!Convert()) {
      return false;
    }
  }
}

/// Sees that the format is one, or several beside each other, with quotes.
bool RecordPrinter::SkipToArguments() {
  at_ = 0;
  if (!NextString()) {
    return false;
  }
  const size_t begin = at_;
  while (at_ < format_.size()) {
    const char c = format_[at_++];
    if (c == '\\') {
      ++at_;
    } else if (c == '"' && !NextString()) {
      argument_at_ = at_;
      at_ = begin;
      return true;
    }
  }
  return false;
}

bool RecordPrinter::NextString() {
  while (IsSpace(Peek())) {
    ++at_;
  }
  if (Peek() != '"') {
    return false;
  }
  ++at_;
  return true;
}

bool RecordPrinter::TakeArgument(PrintValue* value) {
  if (argument_at_ >= format_.size() || format_[argument_at_] != ',') {
    return false;
  }
  ++argument_at_;
  return expression_.Evaluate(&argument_at_, value);
}

/// A width or precision that is an argument.
bool RecordPrinter::TakeNumber(bool* is_negative, uint32_t* number) {
  PrintValue value;
  if (!TakeArgument(&value) || value.kind != Kind::kNumber) {
    return false;
  }
  const auto given = static_cast<int32_t>(value.number);
  *is_negative = given < 0;
  const uint32_t magnitude = given < 0 ? 0 - static_cast<uint32_t>(given)
                                       : static_cast<uint32_t>(given);
  *number = Min(magnitude, kMaxWidth);
  return true;
}

bool RecordPrinter::TakeFlags(Conversion* conversion) {
  for (;; ++at_) {
    const char c = Peek();
    conversion->left = conversion->left || c == '-';
    conversion->plus = conversion->plus || c == '+';
    conversion->space = conversion->space || c == ' ';
    conversion->alternate = conversion->alternate || c == '#';
    conversion->zero = conversion->zero || c == '0';
    if (c != '-' && c != '+' && c != ' ' && c != '#' && c != '0') {
      break;
    }
  }
  const auto digits = [&](uint32_t* number) {
    for (; IsDigit(Peek()); ++at_) {
      *number =
          Min(*number * 10 + static_cast<uint32_t>(Peek() - '0'), kMaxWidth);
    }
  };
  bool is_negative = false;
  if (Peek() == '*') {
    ++at_;
    if (!TakeNumber(&is_negative, &conversion->width)) {
      return false;
    }
    conversion->left = conversion->left || is_negative;
  }
  digits(&conversion->width);
  if (Peek() != '.') {
    return true;
  }
  ++at_;
  conversion->has_precision = true;
  if (Peek() == '*') {
    ++at_;
    if (!TakeNumber(&is_negative, &conversion->precision)) {
      return false;
    }
    conversion->has_precision = !is_negative;
  }
  digits(&conversion->precision);
  return true;
}

/// Behind the percent sign.
bool RecordPrinter::Convert() {
  Conversion conversion;
  conversion.is_linux = style_ == PrintStyle::kLinux;
  if (!TakeFlags(&conversion)) {
    return false;
  }
  conversion.size = 4;
  for (;; ++at_) {
    const char c = Peek();
    if (c == 'h') {
      conversion.size /= 2;
    } else if (c == 'l' || c == 'z' || c == 't' || c == 'j' || c == 'L' ||
               c == 'q') {
      conversion.size = 8;
    } else {
      break;
    }
  }
  const char kind = Peek();
  ++at_;
  if (kind == '%') {
    writer_.Put('%');
    return true;
  }
  conversion.kind = kind;
  PrintValue value;
  if (!TakeArgument(&value)) {
    return false;
  }
  switch (kind) {
    case 's':
      return PutText(conversion, value);
    case 'p':
      return PutPointer(conversion, value);
    case 'c':
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
      return PutNumber(conversion, value);
    default:
      return false;
  }
}

bool RecordPrinter::PutNumber(const Conversion& conversion,
                              const PrintValue& value) {
  if (value.kind != Kind::kNumber) {
    return false;
  }
  if (conversion.kind == 'c') {
    const char c = static_cast<char>(value.number);
    PutPadded(writer_, conversion, StringView(&c, 1));
    return true;
  }
  PutInteger(writer_, conversion, value.number);
  return true;
}

bool RecordPrinter::PutPointer(Conversion conversion, const PrintValue& value) {
  const char kind = Peek();
  // As Linux, letters behind it belong to it.
  const size_t begin = at_;
  while (IsLetter(Peek()) || IsDigit(Peek())) {
    ++at_;
  }
  const StringView kinds = format_.Substring(begin).First(at_ - begin);
  if (value.kind == Kind::kBytes) {
    return PutMemory(writer_, conversion, kinds, BytesOf(value));
  }
  if (value.kind != Kind::kNumber) {
    return false;
  }
  if (!conversion.is_linux) {
    conversion.width = 0;
  }
  switch (kind) {
    case 's':
    case 'S':
    case 'B':
    case 'f':
    case 'F':
      conversion.kind = kind;
      PutSymbol(conversion, value.number);
      return true;
    default:
      PutAddress(writer_, conversion, value.number);
      return true;
  }
}

void RecordPrinter::PutSymbol(const Conversion& conversion, uint64_t address) {
  char buffer[kMaxSymbolName + 40];
  ebpf_symbol symbol;
  // A return address may be the next function's: the call is what is meant.
  const uint64_t back = conversion.kind == 'B' ? 1 : 0;
  size_t size = 0;
  const bool found = ebpf_port_symbol_by_address(
      static_cast<uintptr_t>(address - back), &symbol);
  if (found) {
    size = ReadSymbolName(symbol, Span<char>(buffer, kMaxSymbolName)).size();
  }
  TextWriter text(buffer + size, sizeof(buffer) - size);
  if (!found) {
    text.Put("0x").PutHex(address);
  } else if (conversion.kind != 's' && conversion.kind != 'f') {
    text.Put("+0x").PutHex(address - symbol.address);
    if (conversion.is_linux) {
      text.Put("/0x").PutHex(symbol.size);
    }
  }
  PutPadded(writer_, conversion, StringView(buffer, size + text.text().size()));
}

/// Twice, where it has to be known before how long it is.
bool RecordPrinter::PutText(const Conversion& conversion,
                            const PrintValue& value) {
  size_t padding = 0;
  if (conversion.width != 0) {
    TextWriter nowhere;
    if (!WriteText(nowhere, conversion, value)) {
      return false;
    }
    padding =
        conversion.width - Min<size_t>(conversion.width, nowhere.wanted());
  }
  PutSpaces(writer_, conversion.left ? 0 : padding);
  if (!WriteText(writer_, conversion, value)) {
    return false;
  }
  PutSpaces(writer_, conversion.left ? padding : 0);
  return true;
}

bool RecordPrinter::WriteText(TextWriter& to, const Conversion& conversion,
                              const PrintValue& value) {
  const size_t begin = to.wanted();
  switch (value.kind) {
    case Kind::kNumber:  // text elsewhere, which may be gone
      to.PutHex(value.number);
      break;
    case Kind::kBytes: {
      const ConstBytes bytes = BytesOf(value);
      to.Put(StringView::FromField(reinterpret_cast<const char*>(bytes.data()),
                                   bytes.size()));
      break;
    }
    case Kind::kText:
      WriteQuoted(to, value);
      break;
    case Kind::kFlags:
      if (!WriteFlags(to, value)) {
        return false;
      }
      break;
    case Kind::kSymbolic:
      if (!WriteSymbolic(to, value)) {
        return false;
      }
      break;
    case Kind::kHex:
    case Kind::kHexText:
    case Kind::kArray:
      WriteArray(to, value);
      break;
  }
  if (conversion.has_precision) {
    to.TruncateTo(begin + conversion.precision);
  }
  return true;
}

void RecordPrinter::WriteQuoted(TextWriter& to, const PrintValue& value) {
  const size_t end = value.offset + value.length;
  for (size_t i = value.offset; i < end; ++i) {
    if (format_[i] == '"') {
      // To where the string beside it begins.
      i += 1 + format_.Substring(i + 1).Find('"');
      continue;
    }
    const bool is_escape = format_[i] == '\\' && i + 1 < end;
    i += is_escape ? 1 : 0;
    to.Put(is_escape ? UnescapeCharacter(format_[i]) : format_[i]);
  }
}

void RecordPrinter::WriteArray(TextWriter& to, const PrintValue& value) {
  const ConstBytes bytes = BytesOf(value);
  if (value.kind != Kind::kArray) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      to.Put(i == 0 || value.kind == Kind::kHexText ? "" : " ");
      to.PutHex(bytes[i], 2);
    }
    return;
  }
  const bool is_linux = style_ == PrintStyle::kLinux;
  to.Put(is_linux ? "{" : "");
  const size_t size = value.element_size;
  for (size_t i = 0; i + size <= bytes.size(); i += size) {
    const uint64_t number = ReadNumber(bytes.Subspan(i, size));
    if (is_linux) {
      to.Put(i == 0 ? "0x" : ",0x").PutHex(number);
    } else {
      to.Put(i == 0 ? "" : " ").PutUnsigned(number);
    }
  }
  to.Put(is_linux ? "}" : "");
}

/// The next of a list's `{ number, "name" }`; no name (a null) at its end.
bool RecordPrinter::NextEntry(size_t* at, PrintValue* number,
                              PrintValue* name) {
  const auto skip = [&](StringView of) {
    while (*at < format_.size() &&
           (IsSpace(format_[*at]) || of.Find(format_[*at]) != of.size())) {
      ++*at;
    }
    return *at < format_.size() ? format_[*at] : '\0';
  };
  name->kind = Kind::kNumber;
  const char c = skip(",");
  if (c == ')') {
    return true;
  }
  if (c != '{') {
    return false;
  }
  ++*at;
  if (!expression_.Evaluate(at, number) || number->kind != Kind::kNumber ||
      skip("") != ',') {
    return false;
  }
  ++*at;
  if (!expression_.Evaluate(at, name) || skip("") != '}') {
    return false;
  }
  ++*at;
  return name->kind == Kind::kText ||
         (name->kind == Kind::kNumber && name->number == 0);
}

bool RecordPrinter::WriteSymbolic(TextWriter& to, const PrintValue& value) {
  size_t at = value.offset;
  while (true) {
    PrintValue number;
    PrintValue name;
    if (!NextEntry(&at, &number, &name)) {
      return false;
    }
    if (name.kind != Kind::kText) {
      to.Put("0x").PutHex(value.number);
      return true;
    }
    if (number.number == value.number) {
      WriteQuoted(to, name);
      return true;
    }
  }
}

bool RecordPrinter::WriteFlags(TextWriter& to, const PrintValue& value) {
  size_t at = value.offset;
  PrintValue delimiter;
  if (!expression_.Evaluate(&at, &delimiter)) {
    return false;
  }
  bool is_first = true;
  const auto delimit = [&] {
    if (!is_first && delimiter.kind == Kind::kText) {
      WriteQuoted(to, delimiter);
    }
    is_first = false;
  };
  uint64_t left = value.number;
  while (true) {
    PrintValue mask;
    PrintValue name;
    if (!NextEntry(&at, &mask, &name)) {
      return false;
    }
    if (name.kind != Kind::kText) {
      break;
    }
    // As Linux: of no flags, none is shown.
    if (left != 0 && (left & mask.number) == mask.number) {
      delimit();
      WriteQuoted(to, name);
      left &= ~mask.number;
    }
  }
  if (left != 0) {
    delimit();
    to.Put("0x").PutHex(left);
  }
  return true;
}

}  // namespace

void PrintRecord(TextWriter& writer, StringView print_format,
                 Span<const EventField> fields, ConstBytes record,
                 PrintStyle style) {
  const size_t begin = writer.wanted();
  if (print_format.size() > UINT32_MAX ||
      !RecordPrinter(writer, print_format, fields, record, style).Print()) {
    writer.TruncateTo(begin);
    PrintUnparsed(writer, fields, record);
  }
}

void PrintRecord(TextWriter& writer, const TraceEvent& event, ConstBytes record,
                 PrintStyle style) {
  PrintRecord(writer, event.print_format(), event.fields(), record, style);
}

}  // namespace ebpf
