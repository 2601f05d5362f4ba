// SPDX-License-Identifier: MIT
//
// core/tracepoints/fetch_argument.h's reader of definitions.
#include "core/tracepoints/fetch_argument.h"

#include "core/base/ascii.h"
#include "core/base/assert.h"
#include "core/base/number_text.h"
#include "core/base/text_writer.h"
#include "core/platform/symbol_name.h"
#include "core/tracepoints/function_types.h"

namespace ebpf {
namespace {

using Kind = FetchType::Kind;

constexpr FetchType kTypes[] = {
#define TYPE(name, field, size, is_signed, print) \
  {name, field, print, size, is_signed, Kind::kNumber},
#include "core/tracepoints/fetch_types.def"
#undef TYPE
};
constexpr FetchType kText = {"string", "__data_loc char[]", "\\\"%s\\\"", 4,
                             true,     Kind::kText};
constexpr FetchType kUserText = {
    "ustring", "__data_loc char[]", "\\\"%s\\\"", 4, true, Kind::kUserText};

/// In Linux on CPUs with stacks of 16 KiB.
constexpr uint64_t kMaxStackWords = 2048;

const FetchType* FindType(StringView name) {
  if (name == kText.name) {
    return &kText;
  }
  if (name == kUserText.name) {
    return &kUserText;
  }
  for (const FetchType& type : kTypes) {
    if (name == type.name) {
      return &type;
    }
  }
  return nullptr;
}

/// The number that `text` begins with, moved past; 0 where there is none.
uint64_t TakeUnsigned(StringView& text) {
  size_t size = 0;
  while (size < text.size() && IsDigit(text[size])) {
    ++size;
  }
  uint64_t number = 0;
  (void)ParseUnsigned(text.First(size), &number);
  text = text.Substring(size);
  return number;
}

/// One argument. Positions are in all of it.
class Reader {
 public:
  Reader(const FetchPlace& place, FetchArgument& argument, ProbeError& error)
      : place_(place), argument_(argument), error_(error) {}

  Status Read(StringView text, size_t number) {
    EBPF_TRY(ReadName(text, number));
    const StringView body = argument_.text;
    if (body.size() > FetchArgument::kMaxTextSize) {
      return Fail(ProbeErrorKind::kArgumentTooLong, body_at_);
    }
    if (body.empty()) {
      return Fail(ProbeErrorKind::kNoExpression, body_at_);
    }
    const size_t colon = body.Find(':');
    EBPF_TRY(ReadType(body, colon));
    EBPF_TRY(ReadWay(body.First(colon)));
    EBPF_TRY(UseTypes(colon != body.size()));
    return CheckType(colon == body.size() ? 0 : colon + 1);
  }

 private:
  Status Fail(ProbeErrorKind kind, size_t position) {
    error_ = {kind, position};
    return Status::kInvalid;
  }

  Status ReadName(StringView text, size_t number) {
    const size_t equals = text.Find('=');
    if (equals == text.size()) {
      argument_.text = text;
      // A variable has a name.
      argument_.name = text.First(text.Find(':'));
      if (has_types() && IsIdentifier(argument_.name)) {
        return Status::kOk;
      }
      TextWriter writer(argument_.own_name, sizeof(argument_.own_name));
      writer.Put("arg").PutUnsigned(number + 1);
      argument_.name = writer.text();
      return Status::kOk;
    }
    if (equals > FetchArgument::kMaxNameSize) {
      return Fail(ProbeErrorKind::kNameTooLong, 0);
    }
    if (equals == 0) {
      return Fail(ProbeErrorKind::kNoName, 0);
    }
    argument_.name = text.First(equals);
    if (!IsIdentifier(argument_.name)) {
      return Fail(ProbeErrorKind::kBadName, 0);
    }
    body_at_ = equals + 1;
    argument_.text = text.Substring(body_at_);
    return Status::kOk;
  }

  /// "[3]" behind the type, which begins at `at`.
  Status ReadArray(StringView& type, size_t at) {
    const size_t open = type.Find('[');
    if (open == type.size()) {
      return Status::kOk;
    }
    const StringView rest = type.Substring(open + 1);
    const size_t close = rest.Find(']');
    at += open + 1;
    if (close == rest.size()) {
      return Fail(ProbeErrorKind::kArrayNotClosed, at + rest.size());
    }
    if (close + 1 != rest.size()) {
      return Fail(ProbeErrorKind::kBadArraySuffix, at + close + 1);
    }
    StringView digits = rest.First(close);
    if (digits.StartsWith("+")) {
      digits = digits.Substring(1);
    }
    uint64_t count = 0;
    if (!ParseUnsigned(digits, &count) || count == 0 || count > UINT32_MAX) {
      return Fail(ProbeErrorKind::kBadArraySize, at);
    }
    if (count > FetchArgument::kMaxArray) {
      return Fail(ProbeErrorKind::kArrayTooBig, at);
    }
    argument_.array = static_cast<uint8_t>(count);
    type = type.First(open);
    return Status::kOk;
  }

  /// What is behind the colon; none: a number of 8 bytes.
  Status ReadType(StringView body, size_t colon) {
    const bool has_type = colon != body.size();
    const size_t at = body_at_ + (has_type ? colon + 1 : 0);
    StringView type = has_type ? body.Substring(colon + 1) : StringView("x64");
    EBPF_TRY(ReadArray(type, at));
    const StringView way = body.First(colon);
    if (way == "$comm" || way == "$COMM" || way.StartsWith("\\\"")) {
      if (has_type && (!(type == kText.name) || argument_.array != 0)) {
        return Fail(ProbeErrorKind::kNeedsTextType, at);
      }
      argument_.type = &kText;
      return Status::kOk;
    }
    is_bit_field_ = type.StartsWith("b");
    bits_ = type;
    argument_.type = is_bit_field_ ? TypeOfBits(type) : FindType(type);
    return argument_.type != nullptr ? Status::kOk
                                     : Fail(ProbeErrorKind::kBadType, at);
  }

  /// "b<width>@<offset>/<size>": the number of that size.
  static const FetchType* TypeOfBits(StringView bits) {
    const size_t slash = bits.Find('/');
    if (slash == bits.size()) {
      return nullptr;
    }
    uint64_t size = 0;
    if (!ParseUnsigned(bits.Substring(slash + 1), &size)) {
      return nullptr;
    }
    switch (size) {
      case 8:
        return FindType("u8");
      case 16:
        return FindType("u16");
      case 32:
        return FindType("u32");
      case 64:
        return FindType("u64");
      default:
        return nullptr;
    }
  }

  bool ReadBits() {
    StringView rest = bits_.Substring(1);
    const size_t before = rest.size();
    const uint64_t width = TakeUnsigned(rest);
    if (width == 0 || rest.size() == before || !rest.StartsWith("@")) {
      return false;
    }
    rest = rest.Substring(1);
    const size_t digits = rest.size();
    const uint64_t offset = TakeUnsigned(rest);
    if (rest.size() == digits || !rest.StartsWith("/") ||
        width + offset > argument_.type->size * uint64_t{8}) {
      return false;
    }
    argument_.bit_width = static_cast<uint8_t>(width);
    argument_.bit_offset = static_cast<uint8_t>(offset);
    return true;
  }

  /// "+8(-4(%di))": loads from outside in, then what they begin with.
  Status ReadWay(StringView way) {
    size_t at = body_at_;
    while (way.StartsWith("+") || way.StartsWith("-")) {
      FetchArgument::Load load = {};
      const size_t open = way.Find('(');
      if (open == way.size()) {
        return Fail(ProbeErrorKind::kLoadNeedsBrace, at);
      }
      if (!ReadOffset(way.First(open), load)) {
        return Fail(ProbeErrorKind::kBadLoadOffset, at);
      }
      size_t close = way.size();
      while (close > open && way[close - 1] != ')') {
        --close;
      }
      at += CountAsLinux(way.First(open));
      if (close == open) {
        return Fail(ProbeErrorKind::kLoadNotClosed, at + way.size() - open - 1);
      }
      if (argument_.load_count == FetchArgument::kMaxLoads) {
        return Fail(ProbeErrorKind::kTooManyLoads, at);
      }
      argument_.loads[argument_.load_count++] = load;
      if (argument_.load_count == 1) {
        type_base_ = at;
      }
      // As in Linux, nobody looks at what is behind the last brace.
      way = way.First(close - 1).Substring(open + 1);
    }
    EBPF_TRY(ReadBase(way, at));
    const bool is_text = argument_.base == FetchArgument::Base::kText ||
                         argument_.base == FetchArgument::Base::kComm;
    return argument_.load_count != 0 && is_text
               ? Fail(ProbeErrorKind::kCommLoaded, at)
               : Status::kOk;
  }

  /// "+8", "-8", "+u8", "+-8".
  static bool ReadOffset(StringView text, FetchArgument::Load& load) {
    const bool is_negative = text[0] == '-';
    text = text.Substring(1);
    if (text.StartsWith("u")) {
      load.is_user = true;
      text = text.Substring(1);
    }
    if (!is_negative) {
      return ParseSigned(text, &load.offset);
    }
    uint64_t size = 0;
    if (!ParseUnsigned(text, &size) || size > uint64_t{1} << 63) {
      return false;
    }
    load.offset = static_cast<int64_t>(0 - size);
    return true;
  }

  /// How far Linux thinks that the offset and its brace go: without an 'u', and
  /// without a '+' that a minus sign follows.
  static size_t CountAsLinux(StringView offset) {
    const bool is_positive = offset[0] == '+';
    StringView number = offset.Substring(1);
    if (number.StartsWith("u")) {
      number = number.Substring(1);
    }
    const bool is_negative = !is_positive || number.StartsWith("-");
    return number.size() + 1 + (is_negative && is_positive ? 0 : 1);
  }

  Status ReadBase(StringView text, size_t at) {
    switch (text.empty() ? '\0' : text[0]) {
      case '$':
        return ReadVariable(text.Substring(1), at);
      case '%':
        return ReadRegister(text.Substring(1), at);
      case '@':
        return ReadAddress(text.Substring(1), at);
      case '\\':
        return ReadImmediate(text.Substring(1), at);
      default:
        break;
    }
    const bool is_name = !text.empty() && (IsLetter(text[0]) || text[0] == '_');
    if (is_name && has_types() && place_.is_entry) {
      return ReadTyped(text, at);
    }
    return Fail(is_name || text.StartsWith("(")
                    ? ProbeErrorKind::kNoTypes
                    : ProbeErrorKind::kBadFetchArgument,
                at);
  }

  bool has_types() const {
    return place_.types != nullptr && place_.types->has_btf();
  }

  /// "name", "name->member".
  Status ReadTyped(StringView text, size_t at) {
    ProbeError error;
    const Status status =
        place_.types->Find(text, place_.is_return, typed_, error);
    if (!IsOk(status)) {
      (void)Fail(error.kind, at + error.position);
      return status;
    }
    typed_at_ = at;
    is_typed_ = argument_.load_count == 0 && typed_.type != 0;
    for (size_t i = typed_.load_count; i-- > 0;) {
      EBPF_TRY(AddLoad(argument_.load_count, typed_.loads[i], false, at));
    }
    if (typed_.is_result) {
      SetBase(FetchArgument::Base::kReturnValue, 0);
      return Status::kOk;
    }
    return ReadArgument(typed_.parameter + uint64_t{1}, at);
  }

  /// One more load, before which `index` are made from outside.
  Status AddLoad(size_t index, int64_t offset, bool is_user, size_t at) {
    if (argument_.load_count == FetchArgument::kMaxLoads) {
      return Fail(ProbeErrorKind::kTooManyLoads, at);
    }
    for (size_t i = argument_.load_count; i > index; --i) {
      argument_.loads[i] = argument_.loads[i - 1];
    }
    argument_.loads[index] = {offset, is_user};
    ++argument_.load_count;
    return Status::kOk;
  }

  /// What the variable's type says where the argument says nothing, or that it
  /// is text.
  Status UseTypes(bool has_type) {
    if (!is_typed_) {
      return Status::kOk;
    }
    if (has_type) {
      if (!argument_.is_text() || place_.types->IsText(typed_.type)) {
        return Status::kOk;
      }
      return place_.types->IsPointerToText(typed_.type)
                 ? AddLoad(0, 0, argument_.type == &kUserText, typed_at_)
                 : Fail(ProbeErrorKind::kNoText, typed_at_);
    }
    const StringView name = place_.types->FetchTypeOf(typed_);
    if (!name.empty()) {
      argument_.type = FindType(name);
    }
    if (typed_.bit_size % 8 != 0 || typed_.bit_offset != 0) {
      if (typed_.bit_size == 0 || typed_.bit_size + typed_.bit_offset > 64) {
        return Fail(ProbeErrorKind::kBadTypes, typed_at_);
      }
      argument_.bit_width = static_cast<uint8_t>(typed_.bit_size);
      argument_.bit_offset = typed_.bit_offset;
    }
    return Status::kOk;
  }

  Status ReadRegister(StringView name, size_t at) {
    for (const machine::RegisterName& known : place_.registers->all) {
      if (known.name == name) {
        SetBase(FetchArgument::Base::kRegister, known.offset);
        return Status::kOk;
      }
    }
    return Fail(ProbeErrorKind::kBadRegister, at);
  }

  Status ReadVariable(StringView name, size_t at) {
    uint64_t number = 0;
    if (name.StartsWith("retval")) {
      if (!place_.is_return) {
        return Fail(ProbeErrorKind::kReturnValueOnEntry, at);
      }
      if (has_types() && place_.is_entry) {
        return ReadTyped(StringView(name.data() - 1, name.size() + 1), at);
      }
      // As in Linux, whatever follows.
      SetBase(FetchArgument::Base::kReturnValue, 0);
      return Status::kOk;
    }
    if (name == "stack") {
      SetBase(FetchArgument::Base::kStackPointer, 0);
      return Status::kOk;
    }
    if (name.StartsWith("stack") && ParseUnsigned(name.Substring(5), &number)) {
      if (number > kMaxStackWords) {
        return Fail(ProbeErrorKind::kBadStackNumber, at);
      }
      SetBase(FetchArgument::Base::kStackWord, number);
      return Status::kOk;
    }
    if (name == "comm" || name == "COMM") {
      SetBase(FetchArgument::Base::kComm, 0);
      return Status::kOk;
    }
    if (name == "arg*" && place_.is_entry) {
      return Fail(ProbeErrorKind::kAllArgumentsInside, at);
    }
    if (name.StartsWith("arg") && ParseUnsigned(name.Substring(3), &number)) {
      return ReadArgument(number, at);
    }
    return Fail(ProbeErrorKind::kBadVariable, at);
  }

  Status ReadArgument(uint64_t number, size_t at) {
    const machine::RegisterNames& names = *place_.registers;
    if (number == 0 || number > kMaxStackWords) {
      return Fail(ProbeErrorKind::kBadArgumentNumber, at);
    }
    if (place_.is_return && place_.kept != nullptr) {
      SetBase(FetchArgument::Base::kKept, place_.kept->Keep(number));
      return Status::kOk;
    }
    if (!place_.is_entry || place_.is_return) {
      return Fail(ProbeErrorKind::kNotAtEntry, at);
    }
    const size_t in_registers = names.arguments.size();
    if (number <= in_registers) {
      SetBase(FetchArgument::Base::kRegister, names.arguments[number - 1]);
    } else if (names.stack_arguments != 0) {
      SetBase(FetchArgument::Base::kStackWord,
              number - in_registers - 1 + names.stack_arguments);
    } else {
      SetBase(FetchArgument::Base::kNumber, 0);  // as in Linux: nobody knows
    }
    return Status::kOk;
  }

  /// "@0x1234", "@symbol", "@symbol+8": what is there.
  Status ReadAddress(StringView text, size_t at) {
    uint64_t address = 0;
    if (text.StartsWith("+")) {
      return Fail(ProbeErrorKind::kFileOffset, at);
    }
    if (!text.empty() && IsDigit(text[0])) {
      if (!ParseUnsigned(text, &address)) {
        return Fail(ProbeErrorKind::kBadAddress, at);
      }
    } else if (!FindSymbol(text, &address)) {
      return Fail(ProbeErrorKind::kBadAddress, at);
    }
    if (argument_.load_count == FetchArgument::kMaxLoads) {
      return Fail(ProbeErrorKind::kTooManyLoads, at);
    }
    argument_.loads[argument_.load_count++] = {};
    SetBase(FetchArgument::Base::kNumber, address);
    return Status::kOk;
  }

  static bool FindSymbol(StringView text, uint64_t* address) {
    size_t sign = 0;
    while (sign < text.size() && text[sign] != '+' && text[sign] != '-') {
      ++sign;
    }
    int64_t offset = 0;
    if (sign != text.size() && !ParseSigned(text.Substring(sign), &offset)) {
      return false;
    }
    const Result<ebpf_symbol> symbol = FindFunction(text.First(sign));
    if (!symbol.ok()) {
      return false;
    }
    *address = symbol->address + static_cast<uint64_t>(offset);
    return true;
  }

  /// "\5", "\"text"".
  Status ReadImmediate(StringView text, size_t at) {
    if (text.StartsWith("\"")) {
      if (text.size() < 2 || text[text.size() - 1] != '"') {
        return Fail(ProbeErrorKind::kImmediateTextNotClosed,
                    at + 1 + text.size());
      }
      SetBase(FetchArgument::Base::kText, 0);
      argument_.text_in_quotes = text.First(text.size() - 1).Substring(1);
      return Status::kOk;
    }
    int64_t number = 0;
    uint64_t positive = 0;
    if (ParseUnsigned(text, &positive)) {
      SetBase(FetchArgument::Base::kNumber, positive);
    } else if (text.StartsWith("-") && ParseSigned(text, &number)) {
      SetBase(FetchArgument::Base::kNumber, static_cast<uint64_t>(number));
    } else {
      return Fail(ProbeErrorKind::kBadImmediate, at + 1);
    }
    return Status::kOk;
  }

  /// What the type, `colon` characters behind the name, asks of the way. Where
  /// there are loads, Linux counts that from behind the first.
  Status CheckType(size_t colon) {
    using Base = FetchArgument::Base;
    const size_t base = Max(type_base_, body_at_);
    const size_t at = base + colon;
    argument_.type_base = static_cast<uint8_t>(base);
    if (is_bit_field_ && !ReadBits()) {
      return Fail(ProbeErrorKind::kBadBitField, at);
    }
    const bool is_memory = argument_.load_count != 0;
    const bool is_text = argument_.base == Base::kText ||
                         argument_.base == Base::kComm ||
                         argument_.base == Base::kNumber;
    // Linux has no arrays of a process's numbers.
    const bool is_kernels = is_memory && !argument_.loads[0].is_user;
    const bool has_array = argument_.is_text()
                               ? is_memory || argument_.base == Base::kNumber
                               : is_kernels;
    const bool has_text = !argument_.is_text() || is_memory || is_text;
    return has_text && (argument_.array == 0 || has_array)
               ? Status::kOk
               : Fail(ProbeErrorKind::kNeedsMemory, at);
  }

  void SetBase(FetchArgument::Base base, uint64_t number) {
    argument_.base = base;
    argument_.number = number;
  }

  const FetchPlace& place_;
  FetchArgument& argument_;
  ProbeError& error_;
  size_t body_at_ = 0;
  size_t type_base_ = 0;  // behind the first load, as Linux counts
  bool is_bit_field_ = false;
  StringView bits_;
  TypedWay typed_;
  size_t typed_at_ = 0;
  bool is_typed_ = false;  // the value is what `typed_` leads to
};

}  // namespace

StringView ProbeErrorText(ProbeErrorKind kind) {
  switch (kind) {
    case ProbeErrorKind::kNone:
      return "";
#define ERROR(name, text)    \
  case ProbeErrorKind::name: \
    return text;
#include "core/tracepoints/probe_errors.def"
#undef ERROR
  }
  return "";
}

bool IsIdentifier(StringView text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!IsLetter(c) && c != '_' && (i == 0 || !IsDigit(c))) {
      return false;
    }
  }
  return !text.empty();
}

uint64_t KeptArguments::Keep(uint64_t number) {
  for (size_t i = 0; i < count_; ++i) {
    if (numbers_[i] == number) {
      return i;
    }
  }
  EBPF_ASSERT(count_ < kMax);
  numbers_[count_] = static_cast<uint16_t>(number);
  return count_++;
}

Status ParseFetchArgument(StringView text, size_t number,
                          const FetchPlace& place, FetchArgument& argument,
                          ProbeError& error) {
  argument = FetchArgument();
  return Reader(place, argument, error).Read(text, number);
}

}  // namespace ebpf
